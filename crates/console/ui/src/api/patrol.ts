/** The shapes of the patrol service's answers. */

export type Camera = 'front' | 'back';
export type Verdict = 'OK' | 'NG' | 'ERROR' | 'UNREACHABLE' | 'CANCELLED' | 'STALE';
export type AfterRun = 'home' | 'stay';
export type Decision = 'retry' | 'skip' | 'return';

/** A place on a map in metres, and where it looks to in radians. */
export interface Pose {
  x: number;
  y: number;
  theta: number;
}

export interface StampedPose extends Pose {
  stamp: string;
}

/** How a map's picture lies in the world. */
export interface MapFrame {
  resolution: number;
  width: number;
  height: number;
  origin: Pose;
}

export interface RobotMap extends MapFrame {
  id: string;
  name: string;
}

export interface Battery {
  percent: number;
  charging: boolean;
}

export interface Fault {
  code: number;
  title: string;
  description: string;
}

export interface Control {
  holder: string;
  kind: 'run' | 'operator';
  expires_at?: string | null;
}

export interface CameraState {
  last_frame_at: string | null;
  watching: number;
}

export interface RobotState {
  robot_id: string;
  robot_name: string;
  link: { state: 'connecting' | 'connected' | 'lost'; since: string; reason?: string | null };
  battery: Battery | null;
  pose: StampedPose | null;
  map: RobotMap | null;
  moving: boolean;
  faults: Fault[];
  emergency_stop: boolean;
  run: RunProgress | null;
  control: Control | null;
  cameras: Partial<Record<Camera, CameraState>>;
}

/** A robot in the list of all robots. */
export interface RobotEntry {
  robot_id: string;
  robot_name: string;
  robot_ip: string | null;
  backend: 'online' | 'offline';
  robot: 'online' | 'offline' | 'unknown';
  last_seen: string | null;
  /** In percent. */
  battery: number | null;
  /** The run under way. */
  run: number | null;
}

export type RunState = 'starting' | 'moving' | 'inspecting' | 'paused' | 'charging' | 'returning' | 'asking' | 'finishing' | 'finished';
export type PointState = 'waiting' | 'moving' | 'inspecting' | 'done' | 'failed' | 'skipped';
export type Outcome = 'completed' | 'stopped' | 'failed' | 'interrupted';

export interface RunPoint {
  id: string;
  name: string;
  x: number;
  y: number;
  state: PointState;
  verdict?: Verdict | null;
  inspection_id?: number | null;
}

export interface RunProgress {
  run_id: number;
  robot_id: string;
  state: RunState;
  text: string;
  started_at: string;
  route?: string | null;
  dry_run: boolean;
  loop: number;
  loops: number;
  points: RunPoint[];
  current_index: number;
  outcome?: Outcome | null;
  question?: { point: string; message: string } | null;
  reason?: string | null;
}

export interface StartRun {
  route?: string;
  points?: string[];
  loops?: number;
  dry_run?: boolean;
  then?: AfterRun;
}

export interface Usage {
  input: number;
  output: number;
  total: number;
}

export interface Inspection {
  id: number;
  run_id?: number;
  point_id: string | null;
  point_name: string;
  x: number;
  y: number;
  theta?: number | null;
  prompt: string;
  verdict: Verdict | null;
  description: string;
  picture?: string | null;
  previous?: string | null;
  difference?: string | null;
  difference_score?: number | null;
  moving_status?: string | null;
  at: string;
  usage?: Usage | null;
  cost?: number | null;
  attempts?: number;
  /** Whether it was asked about an empty scene, and how that went. */
  negative_control?: boolean | 'passed' | 'failed' | null;
  model?: string | null;
  /** What the local detector recognised. */
  precheck?: { people?: number; obstacles?: Record<string, number> } | null;
  loop?: number;
  /** Whether later photos of its place are compared with its own. */
  accepted?: boolean;
}

export interface TestAnswer {
  verdict: Verdict;
  description: string;
  usage?: Usage | null;
  picture?: string | null;
}

/** What happens when a waypoint cannot be reached or judged. */
export interface FailurePolicy {
  retry: number;
  then: 'skip' | 'return' | 'ask';
}

/** A waypoint as it is stored; keys that this page does not know are kept. */
export interface Waypoint extends Pose {
  id: string;
  name: string;
  prompt: string;
  enabled: boolean;
  source?: string;
  dwell_seconds?: number;
  photos?: number;
  camera?: Camera;
  torch?: number;
  announcement?: string;
  on_failure?: FailurePolicy;
  [unknown: string]: unknown;
}

export type RunStatus = 'running' | 'completed' | 'stopped' | 'failed' | 'interrupted';

export interface RunSummary {
  id: number;
  robot_id: string | null;
  started_at: string;
  ended_at: string | null;
  status: string;
  route: string | null;
  counts: Partial<Record<Verdict, number>>;
  tokens: number;
  cost: number | null;
  has_video: boolean;
  summary: string | null;
  /** Why it ended as it did. */
  reason?: string | null;
  dry_run?: boolean;
  loops?: number;
  /** `operator`, or `schedule:` and its id. */
  trigger?: string | null;
  model?: string | null;
  usage?: Usage | null;
}

export interface RunPage {
  runs: RunSummary[];
  next_cursor: string | null;
}

export interface RunStep {
  at: string;
  kind: string;
  point?: string | null;
  text: string;
}

export interface RunAlert {
  id: number;
  rule: string;
  response?: string;
  at: string;
  picture?: string | null;
  stream_source?: string | null;
}

export interface RunDetail extends RunSummary {
  report: string | null;
  video_analysis: string | null;
  inspections: Inspection[];
  steps: RunStep[];
  path: [number, number, number | string][];
  alerts: RunAlert[];
  map: (MapFrame & { url: string }) | null;
  video: { url: string } | null;
  /** Where it is as PDF. */
  pdf: string;
}

export interface Report {
  id: number;
  from: string;
  to: string;
  robot_id: string | null;
  status: 'working' | 'done' | 'failed';
  reason?: string | null;
  created_at: string;
  usage?: Usage | null;
  cost?: number | null;
  prompt?: string | null;
  report?: string | null;
  /** Where it is as PDF. */
  pdf: string | null;
}

/** What was spent: tokens, and dollars for those that have a price. */
export interface Spent extends Usage {
  cost: number;
  /** Tokens of models without a price, which are in no cost. */
  unpriced: number;
}

export interface UsageDay extends Spent {
  date: string;
}

export interface UsageAnswer {
  days: UsageDay[];
  total: Spent;
  budget: { per_day: { tokens: number | null; cost: number | null }; spent_today: Spent };
}

export interface Share {
  id: number;
  token: string;
  url: string;
  label: string;
  created_at: string;
  expires_at: string | null;
  run_id: number | null;
  report_id: number | null;
  all: boolean;
}

export interface Shared {
  label: string;
  expires_at: string | null;
  runs: RunSummary[];
  reports: Report[];
}

export type FieldType = 'boolean' | 'integer' | 'number' | 'text' | 'long_text' | 'choice' | 'list' | 'prices' | 'url' | 'secret';
export type SettingValue = boolean | number | string | string[] | { [key: string]: unknown } | null;
export type Settings = Record<string, SettingValue>;

export interface SettingField {
  key: string;
  type: FieldType;
  default: SettingValue;
  min?: number | null;
  max?: number | null;
  choices?: string[] | null;
  secret?: boolean;
  help?: string;
  group?: string;
  title?: string;
  unit?: string;
  per_robot?: boolean;
  /** Whether a number may be left out. */
  optional?: boolean;
  /** How long a text, or one entry of a list, may be. */
  max_length?: number | null;
  /** The variable of the service's environment that sets it, so that it cannot be changed here. */
  environment?: string | null;
  /** Why the stored value is not used. */
  problem?: string | null;
}

/** What a model costs, in dollars for a million tokens. */
export interface Price {
  input: number;
  output: number;
}

export type SunEvent = 'dawn' | 'sunrise' | 'sunset' | 'dusk';

/** When a patrol starts by itself: at times of the day, at an interval, or with the sun. */
export interface Schedule {
  id: string;
  time?: string;
  times?: string[];
  every?: { minutes: number; from?: string; to?: string };
  sun?: { event: SunEvent; offset_minutes?: number };
  /** 0 is Monday; every day if missing. */
  days?: number[];
  enabled?: boolean;
  run_late_minutes?: number;
  route?: string | null;
}

export interface Firing {
  at: string;
  schedule_id: string;
  route?: string | null;
}

export interface ScheduleEntry {
  at: string;
  schedule_id: string;
  outcome: 'fired' | 'late' | 'missed';
  run_id?: number | null;
  reason?: string | null;
}
