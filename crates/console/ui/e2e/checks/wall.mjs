// The wall shows moving pictures of every camera, and what is recognised is drawn over them.
import { assert, until } from '../visit.mjs';

/** Counts the pixels of a canvas that have exactly one of the colours in which boxes are drawn. */
function countDrawn(canvas) {
  const style = getComputedStyle(document.documentElement);
  const colours = ['--track', '--zone-alarm'].map((name) => Number.parseInt(style.getPropertyValue(name).trim().slice(1), 16));
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let drawn = 0;
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) {
    const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    if (colours.includes(colour)) drawn += 1;
    sum = (sum * 31 + colour) % 2147483647;
  }
  return { drawn, sum, frames: Number(canvas.dataset.frames ?? 0), tracks: Number(canvas.dataset.tracks ?? 0) };
}

export async function wall(visit) {
  const cameras = await until('all cameras stream', 60_000, async () => {
    const all = await visit.cameras();
    return all.length > 0 && all.every((camera) => camera.state === 'streaming') && all;
  });
  await visit.go('#/');
  const tiles = visit.page.locator('[data-tile]');
  await until('a tile for every camera', 15_000, async () => (await tiles.count()) === Math.min(16, cameras.length));
  const look = (camera) => visit.page.locator(`canvas[data-camera="${camera.id}"]`).evaluate(countDrawn);

  for (const camera of cameras.slice(0, 16)) {
    const first = await until(`a picture of ${camera.id}`, 20_000, async () => {
      const seen = await look(camera);
      return seen.frames > 0 && seen;
    });
    await until(`moving pictures of ${camera.id}`, 20_000, async () => {
      const seen = await look(camera);
      return seen.frames >= first.frames + 3 && seen.sum !== first.sum;
    });
  }
  const boxed = [];
  for (const camera of cameras.slice(0, 16)) {
    const seen = await until(`something recognised by ${camera.id}`, 30_000, async () => {
      const now = await look(camera);
      return now.tracks > 0 && now.drawn > 20 && now;
    }).catch(() => null);
    if (seen !== null) boxed.push(camera);
  }
  assert(boxed.length > 0, 'no camera shows anything that is recognised');
  await visit.picture('wall');

  const zoned = visit.page.getByRole('button', { name: 'Zones', exact: true });
  const boxes = visit.page.getByRole('button', { name: 'Boxes', exact: true });
  await boxes.click();
  await zoned.click();
  await until('no boxes when they are switched off', 10_000, async () => (await look(boxed[0])).drawn < 20);
  await boxes.click();
  await until('boxes when they are switched on', 30_000, async () => (await look(boxed[0])).drawn > 20);
  await zoned.click();

  await visit.page.locator(`[data-tile="${boxed[0].id}"]`).click();
  await visit.page.getByRole('heading', { level: 1, name: boxed[0].name }).waitFor();
  await until('the large picture moves', 15_000, async () => (await look(boxed[0])).frames >= 5);
  await visit.picture('camera');
  return `${cameras.length} cameras move, boxes on ${boxed.length}`;
}
