// Looks at a running Ronda with a real browser, as an operator would: `npm run e2e -- --base http://localhost:5000`.
// RONDA_BASE_URL is the address if --base is not given, RONDA_SCREENSHOTS the folder for pictures, CHROMIUM the browser.
import { parseArgs } from 'node:util';
import { alerts } from './checks/alerts.mjs';
import { choose } from './checks/choose.mjs';
import { drive } from './checks/drive.mjs';
import { fingers } from './checks/fingers.mjs';
import { keyboard } from './checks/keyboard.mjs';
import { patrol } from './checks/patrol.mjs';
import { phone } from './checks/phone.mjs';
import { records } from './checks/records.mjs';
import { system } from './checks/system.mjs';
import { themes } from './checks/themes.mjs';
import { wall } from './checks/wall.mjs';
import { zones } from './checks/zones.mjs';
import { Visit } from './visit.mjs';

const CHECKS = { wall, alerts, zones, system, patrol, choose, drive, records, fingers, keyboard, themes, phone };

const { values } = parseArgs({ options: { base: { type: 'string' }, only: { type: 'string' } } });
const base = (values.base ?? process.env.RONDA_BASE_URL ?? 'http://localhost:5000').replace(/\/$/, '');
const wanted = Object.entries(CHECKS).filter(([name]) => values.only === undefined || values.only.split(',').includes(name));

const visit = await Visit.begin(base, process.env.RONDA_SCREENSHOTS ?? 'e2e/out');
let failed = wanted.length === 0 ? 1 : 0;
for (const [name, check] of wanted) {
  const began = Date.now();
  try {
    const facts = await check(visit);
    visit.complainIfUnclean();
    console.log(`ok    ${name} (${seconds(began)}): ${facts}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name} (${seconds(began)}): ${error.message}`);
    await visit.picture(`failed-${name}`).catch(() => undefined);
    visit.forgive();
  }
}
await visit.end();
console.log(failed === 0 ? `all ${wanted.length} checks passed; pictures are in ${visit.folder}` : `${failed} of ${wanted.length} checks failed`);
process.exitCode = failed === 0 ? 0 : 1;

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
