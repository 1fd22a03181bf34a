// On a phone every page fits its width, and fingers find what they need.
import { assert } from '../visit.mjs';

const PHONE = { width: 360, height: 740 };
const SMALLEST_TARGET = 24;

export async function phone(visit) {
  await visit.open({ viewport: PHONE, touch: true });
  const [camera] = await visit.cameras();
  const { alerts } = await visit.api('/alerts/api/v1/alerts?limit=1');
  const pages = {
    wall: '#/',
    camera: `#/cameras/${camera.id}`,
    alerts: '#/alerts',
    zones: `#/zones/${camera.id}`,
    system: '#/system',
    robots: '#/robots',
    robot: '#/robots/robot-a',
    waypoints: '#/robots/robot-a/route',
    schedule: '#/schedule',
    settings: '#/settings',
    patrols: '#/patrols',
    reports: '#/reports',
    costs: '#/costs',
    links: '#/links',
  };
  const { runs } = await visit.api('/api/v1/runs?limit=1');
  if (runs.length > 0) pages.patrol = `#/patrols/${runs[0].id}`;
  if (alerts.length > 0) pages.alert = `#/alerts/${alerts[0].alert_id}`;
  for (const [name, hash] of Object.entries(pages)) {
    await visit.go(hash);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const { wide, small } = await visit.page.evaluate((smallest) => {
      const visible = [...document.querySelectorAll('main *, nav *')].map((node) => [node, node.getBoundingClientRect()]).filter(([, box]) => box.width > 0 && box.height > 0);
      const say = ([node, box]) => `${node.tagName.toLowerCase()}.${node.className} (${Math.round(box.width)}×${Math.round(box.height)})`;
      return {
        wide: document.documentElement.scrollWidth > innerWidth ? ['the page'] : visible.filter(([node, box]) => box.right > innerWidth + 1 && !(node instanceof SVGElement)).map(say),
        small: visible.filter(([node, box]) => node.matches('button, nav a, select') && (box.width < smallest || box.height < smallest)).map(say),
      };
    }, SMALLEST_TARGET);
    assert(wide.length === 0, `${name} is wider than the phone: ${wide.slice(0, 3).join(', ')}`);
    assert(small.length === 0, `${name} has targets too small for a finger: ${small.slice(0, 3).join(', ')}`);
    await visit.picture(`phone-${name}`);
  }
  await visit.open({});
  return `${Object.keys(pages).length} pages at ${PHONE.width} px`;
}
