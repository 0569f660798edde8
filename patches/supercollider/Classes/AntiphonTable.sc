// Written by "antiphon patches" from the table of addresses; do not edit.
AntiphonTable {
	classvar <controls, <specs, <choices, <defaults;

	*bridgePort { ^7770 }
	*lease { ^15.0 }
	*renewal { ^4 }
	*queries { ^['/clock/*', '/frames/*', '/frames/*/*', '/music/*'] }

	*initClass {
		Class.initClassTree(Warp);
		controls = [
			['/clock/tempo', \slider, "clock tempo", "Tempo."],
			['/clock/beats_per_bar', \number, "clock beats per bar", "Beats in a bar."],
			['/clock/downbeat', \button, "clock downbeat", "Now is the first beat of a bar."],
			['/music/listen', \toggle, "music listen", "Whether calls are answered."],
			['/music/call_bars', \number, "music call bars", "How long a call is."],
			['/music/answer_bars', \number, "music answer bars", "How long an answer is."],
			['/music/channel', \number, "music channel", "The answer's MIDI channel."],
			['/music/model', \menu, "music model", "The model that plays or paints."],
			['/music/temperature', \slider, "music temperature", "0 takes the likeliest note, 2 is wild."],
			['/music/variation', \slider, "music variation", "How far the answer departs from what was heard."],
			['/music/seed', \number, "music seed", "The same call and seed give the same answer; -1 draws a new one."],
			['/music/answer', \button, "music answer", "Answers what was heard so far, from the next bar on."],
			['/music/stop', \button, "music stop", "Ends the answer that is playing and forgets the call."],
			['/frames/fps', \slider, "frames fps", "Frames a second."],
			['/frames/model', \menu, "frames model", "The model that plays or paints."],
			['/frames/seed', \number, "frames seed", "The same seed and the same music give the same frames."],
			['/frames/speed', \slider, "frames speed", "How fast the picture moves by itself; 0 holds it still."],
			['/frames/reaction', \slider, "frames reaction", "How strongly the notes move the picture."],
			['/frames/texture_ca/texture', \menu, "frames texture ca texture", "Which texture grows."],
			['/frames/texture_ca/second_texture', \menu, "frames texture ca second texture", "Which texture takes its place where blend says."],
			['/frames/texture_ca/blend', \slider, "frames texture ca blend", "How much of the picture the second texture holds, in patches."],
			['/frames/texture_ca/drift', \slider, "frames texture ca drift", "How strongly slow currents carry the texture along."],
			['/frames/texture_ca/pulse', \slider, "frames texture ca pulse", "How strongly the light follows the beat."],
			['/frames/texture_ca/brightness', \slider, "frames texture ca brightness", "1 is as learnt."],
			['/frames/texture_ca/hue', \slider, "frames texture ca hue", "Turns all colours round the wheel."],
			['/frames/texture_ca/saturation', \slider, "frames texture ca saturation", "0 is grey, 1 as learnt."],
			['/panic', \button, "panic", "Ends every sounding note at once and forgets every scheduled one."]
		];
		specs = IdentityDictionary[
			'/clock/tempo' -> ControlSpec(20, 400, \lin, 0, 120, "bpm"),
			'/clock/beats_per_bar' -> ControlSpec(1, 16, \lin, 1, 4, ""),
			'/music/call_bars' -> ControlSpec(1, 8, \lin, 1, 2, "bars"),
			'/music/answer_bars' -> ControlSpec(1, 32, \lin, 1, 2, "bars"),
			'/music/channel' -> ControlSpec(1, 16, \lin, 1, 1, ""),
			'/music/temperature' -> ControlSpec(0, 2, \lin, 0, 0.5, ""),
			'/music/variation' -> ControlSpec(0, 1, \lin, 0, 0.4, ""),
			'/music/seed' -> ControlSpec(-1, 16777216, \lin, 1, -1, ""),
			'/frames/fps' -> ControlSpec(1, 120, \lin, 0, 30, "Hz"),
			'/frames/seed' -> ControlSpec(0, 16777216, \lin, 1, 0, ""),
			'/frames/speed' -> ControlSpec(0, 4, \lin, 0, 1, ""),
			'/frames/reaction' -> ControlSpec(0, 1, \lin, 0, 0.7, ""),
			'/frames/texture_ca/blend' -> ControlSpec(0, 1, \lin, 0, 0, ""),
			'/frames/texture_ca/drift' -> ControlSpec(0, 1, \lin, 0, 0.4, ""),
			'/frames/texture_ca/pulse' -> ControlSpec(0, 1, \lin, 0, 0.3, ""),
			'/frames/texture_ca/brightness' -> ControlSpec(0, 2, \lin, 0, 1, ""),
			'/frames/texture_ca/hue' -> ControlSpec(0, 1, \lin, 0, 0, "turn"),
			'/frames/texture_ca/saturation' -> ControlSpec(0, 2, \lin, 0, 1, "")
		];
		choices = IdentityDictionary[
			'/music/model' -> ['music_vae'],
			'/frames/model' -> ['texture_ca'],
			'/frames/texture_ca/texture' -> ['embers', 'cells'],
			'/frames/texture_ca/second_texture' -> ['embers', 'cells']
		];
		defaults = IdentityDictionary[
			'/clock/tempo' -> 120,
			'/clock/beats_per_bar' -> 4,
			'/music/listen' -> 1,
			'/music/call_bars' -> 2,
			'/music/answer_bars' -> 2,
			'/music/channel' -> 1,
			'/music/model' -> 'music_vae',
			'/music/temperature' -> 0.5,
			'/music/variation' -> 0.4,
			'/music/seed' -> -1,
			'/frames/fps' -> 30,
			'/frames/model' -> 'texture_ca',
			'/frames/seed' -> 0,
			'/frames/speed' -> 1,
			'/frames/reaction' -> 0.7,
			'/frames/texture_ca/texture' -> 'embers',
			'/frames/texture_ca/second_texture' -> 'cells',
			'/frames/texture_ca/blend' -> 0,
			'/frames/texture_ca/drift' -> 0.4,
			'/frames/texture_ca/pulse' -> 0.3,
			'/frames/texture_ca/brightness' -> 1,
			'/frames/texture_ca/hue' -> 0,
			'/frames/texture_ca/saturation' -> 1
		];
	}
}
