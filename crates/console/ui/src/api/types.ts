/** The shapes of the services' answers, as this console reads them. */

export type CameraState = 'starting' | 'streaming' | 'reconnecting' | 'failed' | 'disabled' | 'invalid';

export interface Camera {
  id: string;
  name: string;
  enabled: boolean;
  state: CameraState;
  reason: string | null;
  since: string | null;
  url: string | null;
  stream: { codec: string; size: [number, number]; fps: number | null; decoder: string } | null;
  fps_target: number;
  fps_measured: number | null;
  counters: Counters;
  last_frame_at: string | null;
  problems: Problem[];
}

export interface Counters {
  received: number;
  due: number;
  processed: number;
  detected: number;
  failed: number;
  skipped: { not_due: number; overwritten: number; still: number; busy: number };
  alerts: number;
  losses: number;
}

export interface Problem {
  file: string;
  line: number | null;
  key: string;
  message: string;
}

export type Severity = 'info' | 'warning' | 'critical';
export type Anchor = 'center' | 'bottom_center' | 'any_overlap';

export interface Zone {
  name: string | null;
  points: [number, number][];
  classes?: string[] | null;
  anchor?: Anchor | null;
  n_of_m?: { n: number; m: number } | null;
  dwell_seconds?: number | null;
  repeat_seconds?: number | null;
  severity?: Severity | null;
}

export interface CameraZones {
  camera_id: string;
  forbidden_rois: Zone[];
  allowed_classes: string[];
  alert_classes: string[];
  strict_mode: boolean;
  reference_size?: [number, number] | null;
}

export interface Alert {
  alert_id: string;
  camera_id: string;
  timestamp: string;
  captured_at: string | null;
  detection: {
    class_id: number;
    class_name: string;
    confidence: number;
    bbox: [number, number, number, number];
    is_unknown: boolean;
  };
  roi_name: string | null;
  violation_type: string;
  track_id: number | null;
  severity: string | null;
  snapshot: string | null;
  model: { name: string; version: string | null; sha256: string | null } | null;
  image_size: [number, number] | null;
  allowed_classes: string[] | null;
  strict_mode: boolean;
  frame_id: string | null;
  received_at?: string | null;
  outcome?: string | null;
}

export interface Delivery {
  channel: string;
  /** `due`, `delivered` or `dead`. */
  state: string;
  attempts: number;
  next_attempt_at: string | null;
  last_error: string | null;
  changed_at: string;
}

export interface AlertPage {
  alerts: Alert[];
  next_cursor: string | null;
}

export type ServiceState = 'ready' | 'not_ready' | 'unreachable';

export interface Service {
  name: string;
  state: ServiceState;
  reason: string | null;
  conditions: Record<string, string | null>;
  response_ms: number | null;
  status: Record<string, unknown> | null;
}

export interface QueueGroup {
  name: string;
  consumers: number;
  pending: number;
  lag: number | null;
  oldest_pending_idle_ms: number | null;
}

export interface Queue {
  name: string;
  length: number;
  groups: QueueGroup[];
}

export interface Redis {
  state: 'ready' | 'unreachable';
  reason: string | null;
  version: string | null;
  used_memory_bytes: number | null;
  queues: Queue[];
}

export interface System {
  checked_at: string;
  version: string;
  services: Service[];
  redis: Redis;
}
