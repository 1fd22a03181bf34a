import type { Alert } from '../api/types';
import { sentence } from '../lib/format';
import { type Filter, RANGES } from '../lib/route';

/** Returns when the alert's picture was taken, in milliseconds. */
export function momentOf(alert: Alert): number {
  return Date.parse(alert.captured_at ?? alert.timestamp);
}

/** Joins two lists into one, newest first, each alert once; what `fresh` says about an alert wins. */
export function merged(known: readonly Alert[], fresh: readonly Alert[]): Alert[] {
  const byId = new Map(known.map((alert) => [alert.alert_id, alert]));
  for (const alert of fresh) byId.set(alert.alert_id, { ...byId.get(alert.alert_id), ...alert });
  return [...byId.values()].sort(newestFirst);
}

/** Tells whether an alert belongs to what the operator wants to see. */
export function matches(alert: Alert, filter: Filter, now: number): boolean {
  const { hours } = RANGES[filter.range];
  return (
    (filter.camera === null || alert.camera_id === filter.camera) &&
    (filter.class === null || alert.detection.class_name === filter.class) &&
    (filter.zone === null || alert.roi_name === filter.zone) &&
    (hours === null || momentOf(alert) >= now - hours * 3_600_000)
  );
}

/** Returns the query for a page of alerts. */
export function listPath(filter: Filter, cursor: string | null, limit: number, now: number): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (filter.camera !== null) query.set('camera', filter.camera);
  if (filter.class !== null) query.set('class', filter.class);
  if (filter.zone !== null) query.set('zone', filter.zone);
  const { hours } = RANGES[filter.range];
  if (hours !== null) query.set('from', new Date(now - hours * 3_600_000).toISOString());
  if (cursor !== null) query.set('cursor', cursor);
  return `/alerts/api/v1/alerts?${query.toString()}`;
}

/** Says what happened: `Person in Loading bay`. */
export function headline(alert: Alert): string {
  const what = sentence(alert.detection.class_name);
  return alert.roi_name === null ? what : `${what} in ${alert.roi_name}`;
}

/** Says why that is an alert, as a sentence. */
export function explanation(alert: Alert): string {
  const zone = alert.roi_name ?? 'the zone';
  switch (alert.violation_type) {
    case 'unknown_object':
      return `Something that could not be recognised was inside ${zone}.`;
    case 'low_confidence':
      return `Something was inside ${zone}; the detector is not sure what it is.`;
    default:
      return alert.strict_mode && alert.allowed_classes !== null && alert.allowed_classes.length > 0
        ? `Only ${listed(alert.allowed_classes)} may be inside ${zone}.`
        : `${sentence(alert.detection.class_name)} must not be inside ${zone}.`;
  }
}

/** Returns where the snapshot is on this very server, whatever public address the alert carries for others. */
export function snapshotPath(alert: Alert): string | null {
  if (alert.snapshot === null || alert.snapshot === '') return null;
  try {
    const url = new URL(alert.snapshot, 'http://here.invalid');
    return url.pathname + url.search;
  } catch {
    return null;
  }
}

/** Groups a newest-first list by `key`, in order. */
export function grouped(alerts: readonly Alert[], key: (alert: Alert) => string): { name: string; alerts: Alert[] }[] {
  const groups: { name: string; alerts: Alert[] }[] = [];
  for (const alert of alerts) {
    const name = key(alert);
    const last = groups.at(-1);
    if (last?.name === name) last.alerts.push(alert);
    else groups.push({ name, alerts: [alert] });
  }
  return groups;
}

/** Joins words as in a sentence: `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length <= 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

function newestFirst(a: Alert, b: Alert): number {
  return momentOf(b) - momentOf(a) || (a.alert_id < b.alert_id ? -1 : 1);
}
