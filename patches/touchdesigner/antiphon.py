"""Builds the Antiphon component: paste this into a Text DAT and run it once (right click, Run Script).

Written by "antiphon patches" from the table of addresses; do not edit.
"""

BRIDGE = ('127.0.0.1', 7770, 7776)
"""Host and OSC port of the bridge, and the port that we receive on."""
FRAMES = ('http://127.0.0.1:7771/frames.mjpeg', 256, 256)
"""Where the frames are, their width and height."""
CONTROLS = [('Clock', 'Clocktempo', 'Tempo (bpm)', 'slider', '/clock/tempo', 120.0, 20, 400, [], 'Tempo.'),
 ('Clock', 'Clockbeatsperbar', 'Beats Per Bar', 'number', '/clock/beats_per_bar', 4, 1, 16, [], 'Beats in a bar.'),
 ('Clock', 'Clockdownbeat', 'Downbeat', 'button', '/clock/downbeat', 0, 0, 1, [], 'Now is the first beat of a bar.'),
 ('Music', 'Musiclisten', 'Listen', 'toggle', '/music/listen', True, 0, 1, [], 'Whether calls are answered.'),
 ('Music', 'Musiccallbars', 'Call Bars (bars)', 'number', '/music/call_bars', 2, 1, 8, [], 'How long a call is.'),
 ('Music',
  'Musicanswerbars',
  'Answer Bars (bars)',
  'number',
  '/music/answer_bars',
  2,
  1,
  32,
  [],
  'How long an answer is.'),
 ('Music', 'Musicchannel', 'Channel', 'number', '/music/channel', 1, 1, 16, [], "The answer's MIDI channel."),
 ('Music',
  'Musicmodel',
  'Model',
  'menu',
  '/music/model',
  'music_vae',
  0,
  1,
  ['music_vae'],
  'The model that plays or paints.'),
 ('Music',
  'Musictemperature',
  'Temperature',
  'slider',
  '/music/temperature',
  0.5,
  0.0,
  2.0,
  [],
  '0 takes the likeliest note, 2 is wild.'),
 ('Music',
  'Musicvariation',
  'Variation',
  'slider',
  '/music/variation',
  0.4,
  0.0,
  1.0,
  [],
  'How far the answer departs from what was heard.'),
 ('Music',
  'Musicseed',
  'Seed',
  'number',
  '/music/seed',
  -1,
  -1,
  16777216,
  [],
  'The same call and seed give the same answer; -1 draws a new one.'),
 ('Music',
  'Musicanswer',
  'Answer',
  'button',
  '/music/answer',
  0,
  0,
  1,
  [],
  'Answers what was heard so far, from the next bar on.'),
 ('Music',
  'Musicstop',
  'Stop',
  'button',
  '/music/stop',
  0,
  0,
  1,
  [],
  'Ends the answer that is playing and forgets the call.'),
 ('Frames', 'Framesfps', 'Fps (Hz)', 'slider', '/frames/fps', 30.0, 1, 120, [], 'Frames a second.'),
 ('Frames',
  'Framesmodel',
  'Model',
  'menu',
  '/frames/model',
  'texture_ca',
  0,
  1,
  ['diffusion', 'texture_ca'],
  'The model that plays or paints.'),
 ('Frames',
  'Framesseed',
  'Seed',
  'number',
  '/frames/seed',
  0,
  0,
  16777216,
  [],
  'The same seed and the same music give the same frames.'),
 ('Frames',
  'Framesspeed',
  'Speed',
  'slider',
  '/frames/speed',
  1.0,
  0.0,
  4.0,
  [],
  'How fast the picture moves by itself; 0 holds it still.'),
 ('Frames',
  'Framesreaction',
  'Reaction',
  'slider',
  '/frames/reaction',
  0.7,
  0.0,
  1.0,
  [],
  'How strongly the notes move the picture.'),
 ('Frames',
  'Framesdiffusioncheckpoint',
  'Diffusion Checkpoint',
  'text',
  '/frames/diffusion/checkpoint',
  '',
  0,
  1,
  [],
  'A diffusers folder, a .safetensors file in one, or a Hugging Face name that was downloaded before.'),
 ('Frames',
  'Framesdiffusionautoencoder',
  'Diffusion Autoencoder',
  'text',
  '/frames/diffusion/autoencoder',
  '',
  0,
  1,
  [],
  'A folder with a tiny autoencoder, to decode with in place of its own.'),
 ('Frames',
  'Framesdiffusionprompt',
  'Diffusion Prompt',
  'text',
  '/frames/diffusion/prompt',
  'gold and blue ink swirling in dark water',
  0,
  1,
  [],
  'What is painted.'),
 ('Frames',
  'Framesdiffusionsecondprompt',
  'Diffusion Second Prompt',
  'text',
  '/frames/diffusion/second_prompt',
  '',
  0,
  1,
  [],
  'What is painted in its place where blend says.'),
 ('Frames',
  'Framesdiffusionblend',
  'Diffusion Blend',
  'slider',
  '/frames/diffusion/blend',
  0.0,
  0.0,
  1.0,
  [],
  'From the prompt, 0, to the second prompt, 1.'),
 ('Frames',
  'Framesdiffusionblending',
  'Diffusion Blending',
  'menu',
  '/frames/diffusion/blending',
  'slerp',
  0,
  1,
  ['slerp', 'lerp'],
  'Prompts blend along the arc (slerp) or the line (lerp).'),
 ('Frames',
  'Framesdiffusionmorph',
  'Diffusion Morph (beats)',
  'slider',
  '/frames/diffusion/morph',
  4.0,
  0.0,
  64.0,
  [],
  'How long a new prompt or seed takes to come.'),
 ('Frames',
  'Framesdiffusionnegativeprompt',
  'Diffusion Negative Prompt',
  'text',
  '/frames/diffusion/negative_prompt',
  '',
  0,
  1,
  [],
  'What is kept away, with full and one-time guidance.'),
 ('Frames',
  'Framesdiffusionguidance',
  'Diffusion Guidance',
  'slider',
  '/frames/diffusion/guidance',
  1.0,
  0.0,
  20.0,
  [],
  'How strictly the prompt is followed; 1 leaves it to the network.'),
 ('Frames',
  'Framesdiffusionguidancemode',
  'Diffusion Guidance Mode',
  'menu',
  '/frames/diffusion/guidance_mode',
  'self',
  0,
  3,
  ['none', 'self', 'one-time', 'full'],
  'What guidance costs: nothing, nothing (residual), a row at the first step, twice the rows.'),
 ('Frames',
  'Framesdiffusionsteps',
  'Diffusion Steps',
  'number',
  '/frames/diffusion/steps',
  2,
  1,
  8,
  [],
  'Denoising steps in flight; a frame comes as many calls after it began.'),
 ('Frames',
  'Framesdiffusionnoise',
  'Diffusion Noise',
  'menu',
  '/frames/diffusion/noise',
  'held',
  0,
  2,
  ['held', 'fresh', 'off'],
  'Noise between the steps: held, drawn anew for each frame, or none.'),
 ('Frames',
  'Framesdiffusionwalk',
  'Diffusion Walk (beats)',
  'slider',
  '/frames/diffusion/walk',
  16.0,
  1.0,
  256.0,
  [],
  'How long the noise takes round its circle, at speed 1.'),
 ('Frames',
  'Framesdiffusionfeedback',
  'Diffusion Feedback',
  'toggle',
  '/frames/diffusion/feedback',
  False,
  0,
  1,
  [],
  'Whether each frame starts from the last one (image-to-image).'),
 ('Frames',
  'Framesdiffusionstrength',
  'Diffusion Strength',
  'slider',
  '/frames/diffusion/strength',
  0.5,
  0.05,
  1.0,
  [],
  'How far a picture is taken back into the noise; 1 forgets it.'),
 ('Frames',
  'Framesdiffusionzoom',
  'Diffusion Zoom',
  'slider',
  '/frames/diffusion/zoom',
  1.02,
  0.5,
  2.0,
  [],
  'How much the picture grows in a second of feedback.'),
 ('Frames',
  'Framesdiffusionturn',
  'Diffusion Turn (deg)',
  'slider',
  '/frames/diffusion/turn',
  0.0,
  -180.0,
  180.0,
  [],
  'How far the picture turns in a second of feedback.'),
 ('Frames',
  'Framesdiffusionsimilarity',
  'Diffusion Similarity',
  'slider',
  '/frames/diffusion/similarity',
  1.0,
  0.0,
  1.0,
  [],
  'From which likeness on input pictures are left out; 1 takes all.'),
 ('Frames',
  'Framestexturecatexture',
  'Texture Ca Texture',
  'menu',
  '/frames/texture_ca/texture',
  'embers',
  0,
  2,
  ['embers', 'coral', 'cells'],
  'Which texture grows.'),
 ('Frames',
  'Framestexturecasecondtexture',
  'Texture Ca Second Texture',
  'menu',
  '/frames/texture_ca/second_texture',
  'cells',
  0,
  2,
  ['embers', 'coral', 'cells'],
  'Which texture takes its place where blend says.'),
 ('Frames',
  'Framestexturecablend',
  'Texture Ca Blend',
  'slider',
  '/frames/texture_ca/blend',
  0.0,
  0.0,
  1.0,
  [],
  'How much of the picture the second texture holds, in patches.'),
 ('Frames',
  'Framestexturecazoom',
  'Texture Ca Zoom',
  'slider',
  '/frames/texture_ca/zoom',
  1.5,
  1.0,
  4.0,
  [],
  'How large the texture is: pixels of the frame for each of its cells.'),
 ('Frames',
  'Framestexturecadrift',
  'Texture Ca Drift',
  'slider',
  '/frames/texture_ca/drift',
  0.4,
  0.0,
  1.0,
  [],
  'How strongly slow currents carry the texture along.'),
 ('Frames',
  'Framestexturecapulse',
  'Texture Ca Pulse',
  'slider',
  '/frames/texture_ca/pulse',
  0.3,
  0.0,
  1.0,
  [],
  'How strongly the light follows the beat.'),
 ('Frames',
  'Framestexturecabrightness',
  'Texture Ca Brightness',
  'slider',
  '/frames/texture_ca/brightness',
  1.0,
  0.0,
  2.0,
  [],
  '1 is as learnt.'),
 ('Frames',
  'Framestexturecahue',
  'Texture Ca Hue (turn)',
  'slider',
  '/frames/texture_ca/hue',
  0.0,
  0.0,
  1.0,
  [],
  'Turns all colours round the wheel.'),
 ('Frames',
  'Framestexturecasaturation',
  'Texture Ca Saturation',
  'slider',
  '/frames/texture_ca/saturation',
  1.0,
  0.0,
  2.0,
  [],
  '0 is grey, 1 as learnt.'),
 ('Everywhere',
  'Panic',
  'Panic',
  'button',
  '/panic',
  0,
  0,
  1,
  [],
  'Ends every sounding note at once and forgets every scheduled one.')]
"""Of each control: page, name, label, kind, address, default, low, high, choices, help."""
LINK = '''"""What the component does: every function takes the component itself."""

LEASE, RENEWAL = 15.0, 4.0
QUERIES = ['/clock/*', '/frames/*', '/frames/*/*', '/music/*']
NAMES = {'/clock/beats_per_bar': 'Clockbeatsperbar',
 '/clock/tempo': 'Clocktempo',
 '/frames/diffusion/autoencoder': 'Framesdiffusionautoencoder',
 '/frames/diffusion/blend': 'Framesdiffusionblend',
 '/frames/diffusion/blending': 'Framesdiffusionblending',
 '/frames/diffusion/checkpoint': 'Framesdiffusioncheckpoint',
 '/frames/diffusion/feedback': 'Framesdiffusionfeedback',
 '/frames/diffusion/guidance': 'Framesdiffusionguidance',
 '/frames/diffusion/guidance_mode': 'Framesdiffusionguidancemode',
 '/frames/diffusion/morph': 'Framesdiffusionmorph',
 '/frames/diffusion/negative_prompt': 'Framesdiffusionnegativeprompt',
 '/frames/diffusion/noise': 'Framesdiffusionnoise',
 '/frames/diffusion/prompt': 'Framesdiffusionprompt',
 '/frames/diffusion/second_prompt': 'Framesdiffusionsecondprompt',
 '/frames/diffusion/similarity': 'Framesdiffusionsimilarity',
 '/frames/diffusion/steps': 'Framesdiffusionsteps',
 '/frames/diffusion/strength': 'Framesdiffusionstrength',
 '/frames/diffusion/turn': 'Framesdiffusionturn',
 '/frames/diffusion/walk': 'Framesdiffusionwalk',
 '/frames/diffusion/zoom': 'Framesdiffusionzoom',
 '/frames/fps': 'Framesfps',
 '/frames/model': 'Framesmodel',
 '/frames/reaction': 'Framesreaction',
 '/frames/seed': 'Framesseed',
 '/frames/speed': 'Framesspeed',
 '/frames/texture_ca/blend': 'Framestexturecablend',
 '/frames/texture_ca/brightness': 'Framestexturecabrightness',
 '/frames/texture_ca/drift': 'Framestexturecadrift',
 '/frames/texture_ca/hue': 'Framestexturecahue',
 '/frames/texture_ca/pulse': 'Framestexturecapulse',
 '/frames/texture_ca/saturation': 'Framestexturecasaturation',
 '/frames/texture_ca/second_texture': 'Framestexturecasecondtexture',
 '/frames/texture_ca/texture': 'Framestexturecatexture',
 '/frames/texture_ca/zoom': 'Framestexturecazoom',
 '/music/answer_bars': 'Musicanswerbars',
 '/music/call_bars': 'Musiccallbars',
 '/music/channel': 'Musicchannel',
 '/music/listen': 'Musiclisten',
 '/music/model': 'Musicmodel',
 '/music/seed': 'Musicseed',
 '/music/temperature': 'Musictemperature',
 '/music/variation': 'Musicvariation'}
PATHS = {'Clockbeatsperbar': '/clock/beats_per_bar',
 'Clockdownbeat': '/clock/downbeat',
 'Clocktempo': '/clock/tempo',
 'Framesdiffusionautoencoder': '/frames/diffusion/autoencoder',
 'Framesdiffusionblend': '/frames/diffusion/blend',
 'Framesdiffusionblending': '/frames/diffusion/blending',
 'Framesdiffusioncheckpoint': '/frames/diffusion/checkpoint',
 'Framesdiffusionfeedback': '/frames/diffusion/feedback',
 'Framesdiffusionguidance': '/frames/diffusion/guidance',
 'Framesdiffusionguidancemode': '/frames/diffusion/guidance_mode',
 'Framesdiffusionmorph': '/frames/diffusion/morph',
 'Framesdiffusionnegativeprompt': '/frames/diffusion/negative_prompt',
 'Framesdiffusionnoise': '/frames/diffusion/noise',
 'Framesdiffusionprompt': '/frames/diffusion/prompt',
 'Framesdiffusionsecondprompt': '/frames/diffusion/second_prompt',
 'Framesdiffusionsimilarity': '/frames/diffusion/similarity',
 'Framesdiffusionsteps': '/frames/diffusion/steps',
 'Framesdiffusionstrength': '/frames/diffusion/strength',
 'Framesdiffusionturn': '/frames/diffusion/turn',
 'Framesdiffusionwalk': '/frames/diffusion/walk',
 'Framesdiffusionzoom': '/frames/diffusion/zoom',
 'Framesfps': '/frames/fps',
 'Framesmodel': '/frames/model',
 'Framesreaction': '/frames/reaction',
 'Framesseed': '/frames/seed',
 'Framesspeed': '/frames/speed',
 'Framestexturecablend': '/frames/texture_ca/blend',
 'Framestexturecabrightness': '/frames/texture_ca/brightness',
 'Framestexturecadrift': '/frames/texture_ca/drift',
 'Framestexturecahue': '/frames/texture_ca/hue',
 'Framestexturecapulse': '/frames/texture_ca/pulse',
 'Framestexturecasaturation': '/frames/texture_ca/saturation',
 'Framestexturecasecondtexture': '/frames/texture_ca/second_texture',
 'Framestexturecatexture': '/frames/texture_ca/texture',
 'Framestexturecazoom': '/frames/texture_ca/zoom',
 'Musicanswer': '/music/answer',
 'Musicanswerbars': '/music/answer_bars',
 'Musiccallbars': '/music/call_bars',
 'Musicchannel': '/music/channel',
 'Musiclisten': '/music/listen',
 'Musicmodel': '/music/model',
 'Musicseed': '/music/seed',
 'Musicstop': '/music/stop',
 'Musictemperature': '/music/temperature',
 'Musicvariation': '/music/variation',
 'Panic': '/panic'}


def send(comp, path, *values):
    """Send a message to the bridge: send(op('antiphon'), '/music/note/in', 1, 60, 100)."""
    comp.op('out').sendOSC(path, list(values))


def tick(comp, now):
    """Subscribe, again and again; called on each frame."""
    if now - comp.fetch('asked', -RENEWAL) >= RENEWAL:
        comp.store('asked', now)
        send(comp, '/subscribe', '*', int(comp.par.Receiveport.eval()), LEASE)
    if comp.par.Connected.eval() and now - comp.fetch('heard', now) > LEASE:
        gone(comp)


def received(comp, now, path, values):
    """Take what the bridge says."""
    if path == '/subscribed':
        comp.store('heard', now)
        if not comp.par.Connected.eval():
            comp.par.Connected = True
            for query in QUERIES:
                send(comp, query)
    elif path == '/unsubscribed':
        gone(comp)
    elif path == '/error':
        comp.par.Error = ' '.join(str(value) for value in values)
    elif path == '/music/state':
        comp.par.State = values[0]
    elif path == '/music/note/out':
        sound(comp.op('sounding'), *values)
    elif path in NAMES:
        comp.store(path, values[0])
        setattr(comp.par, NAMES[path], values[0])


def changed(comp, par):
    """Send what a hand, an export or an expression changed, but not what the bridge itself has just said."""
    path = PATHS.get(par.name)
    value = par.eval()
    if path is None or value == comp.fetch(path, None):
        return
    comp.store(path, value)
    send(comp, path, int(value) if isinstance(value, bool) else value)


def pulsed(comp, par):
    """Send what a button says."""
    if par.name in PATHS:
        send(comp, PATHS[par.name])


def moved(comp):
    """Listen and send elsewhere."""
    comp.op('in').par.port = comp.par.Receiveport.eval()
    comp.op('out').par.address = comp.par.Host.eval()
    comp.op('out').par.port = comp.par.Port.eval()
    comp.store('asked', -RENEWAL)


def sound(table, channel, pitch, velocity):
    """Keep a row for each note of the answer that sounds: a name, channel, pitch, velocity."""
    name = f'{channel}/{pitch}'
    if table[name, 0] is not None:
        table.deleteRow(name)
    if velocity:
        table.appendRow([name, channel, pitch, velocity])


def gone(comp):
    """The bridge has ended, or is silent."""
    comp.par.Connected = False
    comp.op('sounding').clear()
'''
"""What the component does, as the text of a DAT in it."""

CALLBACKS = {
    'heard': '''def onReceiveOSC(dat, rowIndex, message, byteData, timeStamp, address, args, peer):
    dat.parent().op('link').module.received(dat.parent(), absTime.seconds, address, args)
''',
    'turned': '''def onValueChange(par, prev):
    link = me.parent().op('link').module
    if par.name in ('Host', 'Port', 'Receiveport'):
        link.moved(me.parent())
    else:
        link.changed(me.parent(), par)


def onPulse(par):
    me.parent().op('link').module.pulsed(me.parent(), par)
''',
    'ticks': '''def onFrameStart(frame):
    me.parent().op('link').module.tick(me.parent(), absTime.seconds)
''',
}


def build(where):
    """Make the component in another one, in place of an older one; return it."""
    old = where.op('antiphon')
    if old is not None:
        old.destroy()
    comp = where.create(baseCOMP, 'antiphon')
    bridge_page(comp)
    pages = {}
    for page, *control in CONTROLS:
        if page not in pages:
            pages[page] = comp.appendCustomPage(page)
        control_parameter(pages[page], *control)
    operators(comp)
    return comp


def bridge_page(comp):
    """Where the bridge is, and what it says about itself."""
    host, port, ear = BRIDGE
    page = comp.appendCustomPage('Bridge')
    for name, label, value in (('Host', 'Host', host), ('State', 'State', ''), ('Error', 'Last Error', '')):
        par = page.appendStr(name, label=label)[0]
        par.default = par.val = value
        par.readOnly = name != 'Host'
    for name, label, value in (('Port', 'OSC Port', port), ('Receiveport', 'Receive on Port', ear)):
        par = page.appendInt(name, label=label)[0]
        par.normMin, par.normMax = 1024, 65535
        par.default = par.val = value
    par = page.appendToggle('Connected', label='Connected')[0]
    par.readOnly = True


def control_parameter(page, name, label, kind, path, default, low, high, choices, doc):
    """A parameter for one control, with the range of the table."""
    makers = {
        'slider': page.appendFloat,
        'number': page.appendInt,
        'toggle': page.appendToggle,
        'menu': page.appendMenu,
        'text': page.appendStr,
        'button': page.appendPulse,
    }
    par = makers[kind](name, label=label)[0]
    par.help = f'{path}: {doc}'
    if kind in ('slider', 'number'):
        par.min = par.normMin = low
        par.max = par.normMax = high
        par.clampMin = par.clampMax = True
    if kind == 'menu':
        par.menuNames = choices
        par.menuLabels = choices
    if kind != 'button':
        par.default = default
        par.val = default


def operators(comp):
    """What is inside the component."""
    host, port, ear = BRIDGE
    url, width, height = FRAMES
    made = {}
    for row, (name, kind) in enumerate((
        ('link', textDAT),
        ('heard', textDAT),
        ('sounding', tableDAT),
        ('out', oscoutDAT),
        ('in', oscinDAT),
        ('turned', parameterexecuteDAT),
        ('ticks', executeDAT),
        ('frames', webrenderTOP),
        ('out1', outTOP),
    )):
        made[name] = comp.create(kind, name)
        made[name].nodeX, made[name].nodeY = 200 * (row % 3), -150 * (row // 3)
    made['link'].text = LINK
    for name, text in CALLBACKS.items():
        made[name].text = text
    made['sounding'].clear()
    made['out'].par.address, made['out'].par.port = host, port
    made['in'].par.callbacks = 'heard'
    made['in'].par.port = ear
    made['turned'].par.op = '..'
    made['turned'].par.pars = '*'
    made['turned'].par.custom, made['turned'].par.builtin = True, False
    made['turned'].par.valuechange, made['turned'].par.onpulse = True, True
    made['ticks'].par.framestart = True
    made['frames'].par.url = url
    made['frames'].par.outputresolution = 'custom'
    made['frames'].par.resolutionw, made['frames'].par.resolutionh = width, height
    made['out1'].inputConnectors[0].connect(made['frames'])


build(me.parent())
