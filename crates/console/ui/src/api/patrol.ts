/** The shapes of the patrol service's answers, from its own description (`npm run types`). */
import type { components } from './generated/patrol';
import type { Present } from './types';

type Schemas = components['schemas'];

/** What a description can only call a text or a number is named here. */
type With<T, Named> = Omit<T, keyof Named> & Named;

export type Camera = Schemas['CameraSide'];
export type Verdict = Schemas['Verdict'];
export type AfterRun = Schemas['Then'];
export type Decision = Schemas['Decision'];

/** A place on a map in metres, and where it looks to in radians. */
export type Pose = Schemas['Origin'];
export type StampedPose = Schemas['Pose'];
export type RobotMap = Schemas['Map'];
/** How a map's picture lies in the world. */
export type MapFrame = Pick<RobotMap, 'resolution' | 'width' | 'height' | 'origin'>;
export type Battery = Schemas['Battery'];
export type Control = Schemas['Control'];

/** Of the robot and its run keys that say nothing are left out. */
export type RobotState = With<
  Present<Schemas['RobotState']>,
  {
    link: With<Schemas['Link'], { state: 'connecting' | 'connected' | 'lost' }>;
    run: RunProgress | null;
    control: Control | null;
  }
>;

/** A robot in the list of all robots. */
export type RobotEntry = With<Present<Schemas['RobotView']>, { robot: 'unknown' | 'online' | 'offline' }>;

export type RunProgress = Schemas['RunProgress'];
export type RunPoint = Schemas['PointProgress'];
export type StartRun = Partial<Schemas['NewRun']>;
export type Usage = Schemas['UsageView'];

export type Inspection = With<
  Present<Schemas['InspectionView']>,
  {
    /** Whether it was asked about an empty scene, and how that went. */
    negative_control: 'passed' | 'failed' | null;
    /** What the local detector recognised. */
    precheck: { people?: number; obstacles?: Record<string, number> } | null;
  }
>;

export type TestAnswer = Present<Schemas['Tested']>;

/** What happens when a waypoint cannot be reached or judged. */
export type FailurePolicy = Required<Schemas['FailurePolicy']>;

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

export type RunSummary = With<Present<Schemas['RunView']>, { counts: Partial<Record<Verdict, number>> }>;

export interface RunPage {
  runs: RunSummary[];
  next_cursor: string | null;
}

export type RunDetail = With<
  Present<Schemas['RunDetail']>,
  {
    counts: RunSummary['counts'];
    inspections: Inspection[];
    /** Metres, metres, seconds since the start. */
    path: [number, number, number][];
  }
>;

export type Report = With<Present<Schemas['ReportView']>, Pick<Schemas['ReportView'], 'prompt' | 'report'>>;

/** What was spent: tokens, and dollars for those that have a price. */
export type Spent = Schemas['Sum'];
export type UsageDay = Schemas['Day'];
export type UsageAnswer = Present<Schemas['Usage']>;

/** How models answer questions whose answer is known. */
export type ControlQuestions = Present<Schemas['ControlQuestions']>;
export type ControlDay = Schemas['DayScore'];

export type Share = Present<Schemas['ShareView']>;
export type Shared = With<Present<Schemas['SharedView']>, { runs: RunSummary[]; reports: Report[] }>;

export type FieldType = 'boolean' | 'integer' | 'number' | 'text' | 'long_text' | 'choice' | 'list' | 'area' | 'prices' | 'url' | 'secret';
/** A corner of an area on a map, in metres. */
export type Corner = [number, number];
export type SettingValue = boolean | number | string | string[] | Corner[] | { [key: string]: unknown } | null;
export type Settings = Record<string, SettingValue>;
export type SettingField = With<Partial<Schemas['FieldView']>, { key: string; type: FieldType; default: SettingValue }>;

/** What a model costs, in dollars for a million tokens. */
export interface Price {
  input: number;
  output: number;
}

export type SunEvent = Schemas['SunEvent'];

/** When a patrol starts by itself: at times of the day, at an interval, or with the sun. Days count from Monday, 0; all if missing. */
export interface Schedule {
  id: string;
  time?: string;
  times?: string[];
  every?: { minutes: number; from?: string; to?: string };
  sun?: { event: SunEvent; offset_minutes?: number };
  days?: number[];
  enabled?: boolean;
  run_late_minutes?: number;
  route?: string | null;
}

export type Firing = Schemas['Upcoming'];
export type ScheduleEntry = With<Schemas['LogEntry'], { outcome: 'fired' | 'late' | 'missed' }>;
