// A player's side of the Antiphon bridge: notes to it, its answers and parameters back. See the help file.
Antiphon {
	classvar <default;
	var <addr, <values, <connected = false, <state = \waiting, <sounding;
	var <>onNote, <>onConnect, <>onDisconnect, <>onValue, <>onState, <>onError;
	var listeners, renewal, heard = 0;

	*initClass {
		Class.initClassTree(Event);
		Event.addEventType(\antiphon, {
			~midinote.value.asArray.do { |pitch|
				(~antiphon ? Antiphon.default).note(
					pitch, (~amp.value * 127).clip(1, 127), ~sustain.value / thisThread.clock.tempo, ~midiChannel ? 1
				)
			}
		});
	}

	*start { |host = "127.0.0.1", port|
		default !? { default.stop };
		^default = this.new(host, port).start
	}

	*stop { default !? { default.stop; default = nil } }

	*new { |host = "127.0.0.1", port| ^super.new.init(host, port ? AntiphonTable.bridgePort) }

	init { |host, port|
		addr = NetAddr(host, port);
		values = AntiphonTable.defaults.copy;
		sounding = Set[];
		onError = { |path, reason| "Antiphon: % %".format(path, reason).warn };
		onConnect = { "Antiphon: connected to the bridge".postln };
		onDisconnect = { "Antiphon: the bridge is gone".postln };
	}

	start {
		this.stop;
		listeners = [
			this.prListen('/subscribed', { this.prHere }),
			this.prListen('/unsubscribed', { this.prGone }),
			this.prListen('/error', { |path, reason| onError.value(path, reason) }),
			this.prListen('/music/state', { |word| state = word; onState.value(word) }),
			this.prListen('/music/note/out', { |channel, pitch, velocity| this.prSound(channel, pitch, velocity) })
		] ++ values.keys.asArray.collect { |path|
			this.prListen(path, { |value| values[path] = value; onValue.value(path, value) })
		};
		// Outlives Cmd-Period, as the bridge does.
		renewal = SkipJack({ this.prRenew }, AntiphonTable.renewal, name: "Antiphon", clock: SystemClock);
	}

	stop {
		renewal !? { renewal.stop; renewal = nil; addr.sendMsg('/unsubscribe', '*') };
		listeners.do(_.free);
		listeners = nil;
		this.prGone;
	}

	// The same as the bridge's addresses: set('/music/temperature', 0.8).
	set { |path, value|
		if (value.isKindOf(Boolean)) { value = value.binaryValue };
		addr.sendMsg(path, value)
	}

	get { |path| ^values[path.asSymbol] }

	send { |path ... arguments| addr.sendMsg(path, *arguments) }

	noteOn { |pitch, velocity = 100, channel = 1|
		addr.sendMsg('/music/note/in', channel.asInteger, pitch.round.asInteger, velocity.round.asInteger)
	}

	noteOff { |pitch, channel = 1| this.noteOn(pitch, 0, channel) }

	// A note of so many seconds.
	note { |pitch, velocity = 100, seconds = 0.5, channel = 1|
		this.noteOn(pitch, velocity, channel);
		SystemClock.sched(seconds, { this.noteOff(pitch, channel); nil })
	}

	panic { addr.sendMsg('/panic') }

	// Plays the answers with a SynthDef that has freq, amp and gate.
	playWith { |instrument = \default, target|
		var synths = IdentityDictionary[];
		onNote = { |channel, pitch, velocity|
			synths.removeAt(pitch) !? (_.release);
			if (velocity > 0) {
				synths[pitch] = Synth(instrument, [\freq, pitch.midicps, \amp, velocity / 635], target)
			}
		}
	}

	gui { ^AntiphonWindow(this) }

	prListen { |path, does|
		^OSCFunc({ |message| does.value(*message[1..]) }, path, addr).permanent_(true)
	}

	prRenew {
		addr.sendMsg('/subscribe', '*', 0, AntiphonTable.lease);
		if (connected and: { Main.elapsedTime - heard > AntiphonTable.lease }) { this.prGone }
	}

	prHere {
		heard = Main.elapsedTime;
		if (connected.not) {
			connected = true;
			AntiphonTable.queries.do { |pattern| addr.sendMsg(pattern) };
			onConnect.value(this)
		}
	}

	prGone {
		if (connected) {
			connected = false;
			sounding.copy.do { |note| this.prSound(note[0], note[1], 0) };
			onDisconnect.value(this)
		}
	}

	prSound { |channel, pitch, velocity|
		if (velocity > 0) { sounding.add([channel, pitch]) } { sounding.remove([channel, pitch]) };
		onNote.value(channel, pitch, velocity)
	}
}
