// Writes the types of the services' answers from their committed descriptions, for svelte-check and editors. They are not committed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const SERVICES = ['alert-router', 'console', 'patrol', 'stream-manager'];

const here = dirname(fileURLToPath(import.meta.url));
const crates = join(here, '..', '..', '..');
const folder = join(here, '..', 'src', 'api', 'generated');

mkdirSync(folder, { recursive: true });
for (const service of SERVICES) {
  const description = JSON.parse(readFileSync(join(crates, service, 'openapi.json'), 'utf8'));
  // Only the shapes are wanted. Names of operations are for programs that call them by name.
  for (const operation of Object.values(description.paths).flatMap((path) => Object.values(path))) delete operation.operationId;
  const types = astToString(await openapiTS(description, { arrayLength: true }));
  const file = join(folder, `${service}.ts`);
  // A file that is written anew looks like a change to those who compare times.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== types) writeFileSync(file, types);
}
