/** The shapes of the services' answers, from their own descriptions (`npm run types`). */
import type { components as Router } from './generated/alert-router';
import type { components as Console } from './generated/console';
import type { components as Streams } from './generated/stream-manager';

/** Our services write every key, null where there is nothing; their descriptions call such keys optional. */
export type Present<T> = T extends object ? { [Key in keyof T]-?: Present<T[Key]> } : T;

export type Camera = Present<Streams['schemas']['Camera']>;
export type CameraList = Present<Streams['schemas']['Cameras']>;
export type Counters = Present<Streams['schemas']['Counters']>;
export type Classes = Present<Streams['schemas']['Classes']>;

/** Entries of `rois.yaml` are the exception: there a key that says nothing is left out. */
export type CameraZones = Streams['schemas']['RoiEntry'];
export type Zone = Streams['schemas']['Roi'];
export type Anchor = Streams['schemas']['Anchor'];
export type Severity = Streams['schemas']['Severity'];

export type Problem = Present<Streams['schemas']['Problem']>;
export type ZoneList = { cameras: CameraZones[]; problems: Problem[] };

/** An alert as it is sent; the record adds what became of it. */
export type Alert = Present<Console['schemas']['Alert']> & { received_at?: string; outcome?: AlertRecord['outcome'] };
export type AlertRecord = Present<Router['schemas']['AlertRecord']>;
export type AlertDetail = Present<Router['schemas']['AlertDetail']>;
export type AlertPage = Present<Router['schemas']['AlertPage']>;
export type Delivery = Present<Router['schemas']['DeliveryRecord']>;

export type System = Omit<Present<Console['schemas']['System']>, 'services'> & { services: Service[] };
/** What a service says of itself is for it to decide. */
export type Service = Omit<Present<Console['schemas']['Service']>, 'status'> & { status: Record<string, unknown> | null };
export type Queue = Present<Console['schemas']['Queue']>;
export type Redis = Present<Console['schemas']['Redis']>;

export type LiveHeader = Present<Streams['schemas']['LiveHeader']>;
export type LiveTrack = Present<Streams['schemas']['LiveTrack']>;
