// What TensorFlow.js says: node run_tfjs.cjs NODE_MODULES URL-OF-MODEL.JSON < JSON rows of pixels > JSON rows of probabilities
const [, , modules, url] = process.argv;
const tf = require(`${modules}/@tensorflow/tfjs`);
console.warn = () => {}; // it advertises its other package
async function main() {
  const rows = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const model = await tf.loadLayersModel(url);
  const shape = model.inputs[0].shape.slice(1);
  const answers = rows.map((row) => Array.from(model.predict(tf.tensor(row, [1, ...shape])).dataSync()));
  process.stdout.write(JSON.stringify(answers));
}
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
