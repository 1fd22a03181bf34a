import type { LiveTrack } from '../api/types';
import { area, centre, fit, type Point, type Rectangle, type Size } from '../geometry/polygon';
import type { DrawnZone } from '../lib/site.svelte';
import type { LiveFrame } from '../live/feed';

/** What is drawn over a picture. */
export interface Overlay {
  zones: readonly DrawnZone[];
  /** Names of the zones that were just entered. */
  alarmed: ReadonlySet<string>;
  boxes: boolean;
}

interface Colours {
  track: string;
  zone: string;
  alarm: string;
  ink: string;
  plate: string;
}

const FONT = "600 12px 'Geist Variable', system-ui, sans-serif";
const PLATE_HEIGHT = 18;

let known: Colours | null = null;

/** Paints a picture and everything known about it into a canvas of `box` CSS pixels. Returns where the picture is. */
export function paint(canvas: HTMLCanvasElement, box: Size, frame: LiveFrame, overlay: Overlay): Rectangle {
  const [width, height] = frame.header.size;
  const place = fit({ width, height }, box);
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return place;
  const density = canvas.width / Math.max(1, box.width);
  context.setTransform(density, 0, 0, density, 0, 0);
  context.fillStyle = '#000';
  context.fillRect(0, 0, box.width, box.height);
  context.drawImage(frame.bitmap, place.x, place.y, place.width, place.height);
  const colours = (known ??= readColours());
  context.font = FONT;
  context.textBaseline = 'middle';
  for (const zone of overlay.zones) paintZone(context, place, zone, overlay.alarmed.has(zone.name), colours);
  if (overlay.boxes) {
    for (const track of frame.header.tracks) paintTrack(context, place, place.width / width, track, colours);
  }
  return place;
}

function paintZone(context: CanvasRenderingContext2D, place: Rectangle, zone: DrawnZone, alarmed: boolean, colours: Colours): void {
  const colour = alarmed ? colours.alarm : colours.zone;
  const at = ([x, y]: Point): [number, number] => [place.x + x * place.width, place.y + y * place.height];
  context.beginPath();
  zone.corners.forEach((corner, i) => (i === 0 ? context.moveTo(...at(corner)) : context.lineTo(...at(corner))));
  context.closePath();
  // A zone over the whole picture must not hide the picture.
  const share = Math.min(1, area(zone.corners));
  context.globalAlpha = alarmed ? 0.26 - 0.2 * share : 0.1 - 0.06 * share;
  context.fillStyle = colour;
  context.fill('evenodd');
  context.globalAlpha = 1;
  context.lineWidth = alarmed ? 3 : 1.5;
  context.strokeStyle = colour;
  context.setLineDash(alarmed ? [] : [6, 5]);
  context.stroke();
  context.setLineDash([]);
  if (place.width < 300) return;
  const [x, y] = at(centre(zone.corners));
  const textWidth = context.measureText(zone.name).width;
  plate(context, x - textWidth / 2 - 6, y - PLATE_HEIGHT / 2, zone.name, alarmed ? colours.alarm : colours.plate, alarmed ? '#14060a' : colours.zone);
}

function paintTrack(context: CanvasRenderingContext2D, place: Rectangle, scale: number, track: LiveTrack, colours: Colours): void {
  const [x1, y1, x2, y2] = track.bbox;
  const [x, y] = [place.x + x1 * scale, place.y + y1 * scale];
  const [width, height] = [(x2 - x1) * scale, (y2 - y1) * scale];
  const colour = track.in_zone ? colours.alarm : colours.track;
  // A dark rim under the line keeps it visible on snow as well as at night.
  for (const [style, line] of [['#000000a0', 4], [colour, track.in_zone ? 2.5 : 1.5]] as const) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.beginPath();
    context.roundRect(x, y, width, height, 3);
    context.stroke();
  }
  if (place.width < 260 || width < 14) return;
  const name = place.width < 420 ? track.class_name : `${track.class_name} ${track.track_id}`;
  const above = y - PLATE_HEIGHT - 2 >= place.y;
  plate(context, x - 1, above ? y - PLATE_HEIGHT - 2 : y + 2, name, track.in_zone ? colours.alarm : colours.plate, track.in_zone ? '#14060a' : colours.ink);
}

function plate(context: CanvasRenderingContext2D, x: number, y: number, text: string, fill: string, ink: string): void {
  const width = context.measureText(text).width + 12;
  context.fillStyle = fill;
  context.beginPath();
  context.roundRect(x, y, width, PLATE_HEIGHT, 4);
  context.fill();
  context.fillStyle = ink;
  context.fillText(text, x + 6, y + PLATE_HEIGHT / 2 + 0.5);
}

/** What lies over pictures has the same colours in both themes, so one look at the style sheet is enough. */
function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return { track: value('--track'), zone: value('--zone'), alarm: value('--zone-alarm'), ink: value('--over-ink'), plate: value('--over') };
}
