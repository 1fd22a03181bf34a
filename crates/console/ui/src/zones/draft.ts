import type { Anchor, CameraZones, Severity, Zone } from '../api/types';
import { area, FEWEST_CORNERS, type Point, rounded, type Size, toShares } from '../geometry/polygon';

/** A zone while it is edited. */
export interface ZoneDraft {
  /** Tells zones apart while their names change. */
  key: number;
  name: string;
  corners: Point[];
  /** The only classes it looks at; `null` for all. */
  classes: string[] | null;
  anchor: Anchor;
  n: number;
  m: number;
  dwellSeconds: number;
  repeatSeconds: number;
  severity: Severity;
  /** Keys that this page does not know, kept as they are. */
  rest: Record<string, unknown>;
}

/** The zones of one camera while they are edited. */
export interface Draft {
  strict: boolean;
  allowed: string[];
  alerting: string[];
  zones: ZoneDraft[];
  rest: Record<string, unknown>;
}

/** What must be put right before the zones can be saved. */
export interface Fault {
  key: number;
  message: string;
}

const SMALLEST_AREA = 0.0002;
const LONGEST_MEMORY = 64;
/** The service's own choice where a file says nothing. */
const USUAL_REPEAT_SECONDS = 60;

let lastKey = 0;

/** Returns a key that no zone has had. */
export function newKey(): number {
  lastKey += 1;
  return lastKey;
}

/** Tells whether the corners are written in pixels, so that the size of the picture must be known to draw them. */
export function isInPixels(entry: CameraZones): boolean {
  return entry.forbidden_rois.some((zone) => zone.points.some(([x, y]) => x > 1 || y > 1));
}

/** Returns what can be edited of a stored entry; pixels become shares of a picture of this size. */
export function toDraft(entry: CameraZones, size: Size | null): Draft {
  const { camera_id: _, forbidden_rois: zones, allowed_classes: allowed, alert_classes: alerting, strict_mode: strict, reference_size: __, ...rest } = entry;
  return { strict, allowed: [...allowed], alerting: [...alerting], zones: zones.map((zone, i) => toZoneDraft(zone, i, size)), rest };
}

/** Returns the entry to store. Corners are written as shares, so they fit whatever size the camera sends. */
export function toEntry(camera: string, draft: Draft): CameraZones {
  return {
    ...draft.rest,
    camera_id: camera,
    forbidden_rois: draft.zones.map(toZone),
    allowed_classes: draft.allowed,
    alert_classes: draft.alerting,
    strict_mode: draft.strict,
  };
}

/** Returns a zone with everything as it usually is. */
export function newZone(corners: Point[], others: readonly ZoneDraft[]): ZoneDraft {
  return { key: newKey(), name: freeName(others), corners, classes: null, anchor: 'center', n: 1, m: 1, dwellSeconds: 0, repeatSeconds: USUAL_REPEAT_SECONDS, severity: 'warning', rest: {} };
}

/** Returns the draft with one of its zones changed. */
export function withZone(draft: Draft, key: number, change: Partial<ZoneDraft>): Draft {
  return { ...draft, zones: draft.zones.map((zone) => (zone.key === key ? { ...zone, ...change } : zone)) };
}

/** Returns the draft without one of its zones. */
export function withoutZone(draft: Draft, key: number): Draft {
  return { ...draft, zones: draft.zones.filter((zone) => zone.key !== key) };
}

/** Returns the draft with a class on the list of those that raise alerts; being allowed as well would undo that. */
export function withAlerting(draft: Draft, alerting: string[]): Draft {
  return { ...draft, alerting, allowed: draft.allowed.filter((name) => draft.alerting.includes(name) || !alerting.includes(name)) };
}

/** Tells whether two drafts would be stored as the same entry. */
export function same(a: Draft, b: Draft): boolean {
  return a === b || JSON.stringify(toEntry('', a)) === JSON.stringify(toEntry('', b));
}

/** Returns what is wrong with a draft; a draft without faults can be saved. */
export function faults(draft: Draft): Fault[] {
  return draft.zones.flatMap((zone) => {
    const message = fault(zone, draft.zones);
    return message === null ? [] : [{ key: zone.key, message }];
  });
}

function fault(zone: ZoneDraft, all: readonly ZoneDraft[]): string | null {
  const name = zone.name.trim();
  if (name === '') return 'Give the zone a name.';
  if (all.some((other) => other.key !== zone.key && other.name.trim() === name)) return `Another zone is called “${name}” too.`;
  if (zone.corners.length < FEWEST_CORNERS) return 'A zone needs at least three corners.';
  if (area(zone.corners) < SMALLEST_AREA) return 'The zone is too small to hold anything.';
  if (zone.classes?.length === 0) return 'Choose at least one kind of thing, or let the zone watch for everything.';
  if (!(zone.n >= 1 && zone.n <= zone.m && zone.m <= LONGEST_MEMORY)) return `“Seen in” must be like 3 of 5, with at most ${LONGEST_MEMORY}.`;
  if (!(zone.dwellSeconds >= 0 && zone.repeatSeconds >= 0)) return 'Seconds cannot be negative.';
  return null;
}

function toZoneDraft(zone: Zone, at: number, size: Size | null): ZoneDraft {
  const { name, points, classes, anchor, n_of_m: seen, dwell_seconds: dwell, repeat_seconds: repeat, severity, ...rest } = zone;
  return {
    key: newKey(),
    name: name ?? `roi_${at + 1}`,
    corners: toShares(points, size),
    classes: classes ?? null,
    anchor: anchor ?? 'center',
    n: seen.n,
    m: seen.m,
    dwellSeconds: dwell,
    repeatSeconds: repeat,
    severity: severity ?? 'warning',
    rest,
  };
}

function toZone(zone: ZoneDraft): Zone {
  return {
    ...zone.rest,
    name: zone.name.trim(),
    points: zone.corners.map((corner) => [...rounded(corner)]),
    ...(zone.classes === null ? {} : { classes: zone.classes }),
    anchor: zone.anchor,
    n_of_m: { n: zone.n, m: zone.m },
    dwell_seconds: zone.dwellSeconds,
    repeat_seconds: zone.repeatSeconds,
    severity: zone.severity,
  };
}

function freeName(others: readonly ZoneDraft[]): string {
  const taken = new Set(others.map((zone) => zone.name));
  for (let number = others.length + 1; ; number += 1) {
    if (!taken.has(`Zone ${number}`)) return `Zone ${number}`;
  }
}
