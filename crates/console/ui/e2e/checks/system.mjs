// The system page shows every service, camera and queue, and all of them work.
import { assert, until } from '../visit.mjs';

const SERVICES = ['alert-router', 'console', 'inference-api', 'patrol robot-a', 'patrol robot-b', 'stream-manager'];

export async function system(visit) {
  await visit.go('#/system');
  const services = visit.page.locator('[data-service]');
  await services.first().waitFor();
  const states = () => services.evaluateAll((all) => all.map((one) => [one.dataset.service, one.dataset.state]));
  await until('all services ready', 30_000, async () => (await states()).every(([, state]) => state === 'ready'));
  const names = (await states()).map(([name]) => name).sort();
  assert(JSON.stringify(names) === JSON.stringify(SERVICES), `the services are ${names.join(', ')}`);

  const cameras = await visit.cameras();
  for (const camera of cameras) {
    const row = visit.page.locator(`[data-camera-row="${camera.id}"]`);
    await row.getByText('Live', { exact: true }).waitFor();
  }
  await visit.page.locator('[data-queue="alerts"]').waitFor();
  // A busy test machine may miss pictures and say so; nothing may be broken.
  const broken = await visit.page.locator('.troubles .alarm h3').allInnerTexts();
  assert(broken.length === 0, `the page names troubles: ${broken.join(', ')}`);
  await visit.picture('system');
  return `${names.length} services ready, ${cameras.length} cameras live`;
}
