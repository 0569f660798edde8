// Decodes latent vectors with @magenta/music: node decode.cjs URL < request > answer, both JSON.
// Request: {"z": [[…]], "temperature": number or null (argmax), "repeat": how often to time a decode of the first z}.
// Answer: {"notes": [[[pitch, start step, end step], …], …], "milliseconds": […], "backend": "cpu", "version": "1.23.1"}.
const fs = require('fs');
const tf = require('@tensorflow/tfjs');
const {MusicVAE} = require('@magenta/music/node/music_vae');

async function main() {
  const request = JSON.parse(fs.readFileSync(0, 'utf8'));
  console.log = console.error;  // the library reports its own progress there
  const model = new MusicVAE(process.argv[2]);
  await model.initialize();
  const temperature = request.temperature === null ? undefined : request.temperature;
  const z = tf.tensor2d(request.z);
  const decoded = await model.decode(z, temperature);
  const notes = decoded.map((sequence) => sequence.notes.map(
      (note) => [note.pitch, note.quantizedStartStep, note.quantizedEndStep]));
  const first = tf.tensor2d([request.z[0]]);
  const milliseconds = [];
  for (let n = 0; n < (request.repeat || 0); ++n) {
    const start = performance.now();
    (await model.decodeTensors(first, temperature)).dataSync();
    milliseconds.push(performance.now() - start);
  }
  const version = require('@magenta/music/package.json').version;
  process.stdout.write(JSON.stringify({notes, milliseconds, backend: tf.getBackend(), version}));
}

main().catch((error) => {
  process.stderr.write(String(error && error.stack || error) + '\n');
  process.exit(1);
});
