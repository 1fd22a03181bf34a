// Writes the types of the services' answers from their committed descriptions. With --check it only says whether they are up to date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const SERVICES = ['alert-router', 'console', 'stream-manager'];

const here = dirname(fileURLToPath(import.meta.url));
const crates = join(here, '..', '..', '..');
const folder = join(here, '..', 'src', 'api', 'generated');
const onlyCheck = process.argv.includes('--check');

mkdirSync(folder, { recursive: true });
for (const service of SERVICES) {
  const description = JSON.parse(readFileSync(join(crates, service, 'openapi.json'), 'utf8'));
  const types = `// Generated from ${service}'s openapi.json by \`npm run types\`. Do not edit.\n${astToString(await openapiTS(description))}`;
  const file = join(folder, `${service}.ts`);
  if (!onlyCheck) writeFileSync(file, types);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== types) {
    console.error(`The types of ${service} are out of date: run \`npm run types\`.`);
    process.exitCode = 1;
  }
}
