import { getJson, words } from '../api/http';
import type { Camera, CameraList, CameraZones, Problem, ZoneList } from '../api/types';
import { type Point, toShares } from '../geometry/polygon';
import { LiveFeed } from '../live/feed';
import { missed, type Sample, sampled } from '../system/missed';
import { poll } from './poll';

/** A zone as it is drawn over pictures. */
export interface DrawnZone {
  name: string;
  corners: Point[];
}

export type Loading = 'loading' | 'ready' | 'failed';

const CAMERAS_EVERY_MS = 2000;
const ZONES_EVERY_MS = 20_000;

/** The cameras of the site and their zones, kept up to date while the console is open. */
class Site {
  cameras = $state.raw<Camera[]>([]);
  loading = $state<Loading>('loading');
  failure = $state('');
  zones = $state.raw<CameraZones[]>([]);
  /** What is wrong with the configuration files as a whole. */
  problems = $derived.by(() => [...this.#cameraProblems, ...this.#zoneProblems]);
  /** The share of each camera's pictures that were missed lately. */
  missed = $state.raw<ReadonlyMap<string, number>>(new Map());
  #samples = new Map<string, Sample[]>();
  #cameraProblems = $state.raw<Problem[]>([]);
  #zoneProblems = $state.raw<Problem[]>([]);
  liveConnected = $state(true);

  readonly live = new LiveFeed(liveAddress, (connected) => {
    this.liveConnected = connected;
  });

  readonly shown = $derived(this.cameras.filter((camera) => camera.enabled));
  readonly drawn = $derived(new Map(this.cameras.map((camera) => [camera.id, drawnZones(camera, this.zones)])));

  start(): () => void {
    const stops = [
      this.live.start(),
      poll(CAMERAS_EVERY_MS, (signal) => this.#loadCameras(signal)),
      poll(ZONES_EVERY_MS, (signal) => this.loadZones(signal)),
    ];
    return () => stops.forEach((stop) => stop());
  }

  camera(id: string): Camera | undefined {
    return this.cameras.find((camera) => camera.id === id);
  }

  /** Returns the camera's name, or its id while nothing is known about it. */
  nameOf(id: string): string {
    return this.camera(id)?.name ?? id;
  }

  async loadZones(signal?: AbortSignal): Promise<void> {
    const list = await getJson<ZoneList>('/streams/api/v1/zones', signal);
    this.zones = list.cameras;
    this.#zoneProblems = list.problems;
  }

  async #loadCameras(signal: AbortSignal): Promise<void> {
    try {
      const list = await getJson<CameraList>('/streams/api/v1/cameras', signal);
      this.cameras = list.cameras;
      this.#cameraProblems = list.problems;
      this.#samples = new Map(list.cameras.map((camera) => [camera.id, sampled(this.#samples.get(camera.id) ?? [], Date.now(), camera.counters)]));
      this.missed = new Map([...this.#samples].map(([id, samples]) => [id, missed(samples)]));
      this.loading = 'ready';
    } catch (failure) {
      if (!signal.aborted) {
        this.failure = words(failure);
        this.loading = 'failed';
      }
      throw failure;
    }
  }
}

function drawnZones(camera: Camera, zones: readonly CameraZones[]): DrawnZone[] {
  const entry = zones.find((zone) => zone.camera_id === camera.id);
  const [width, height] = entry?.reference_size ?? camera.stream?.size ?? [];
  const size = width === undefined || height === undefined ? null : { width, height };
  return (entry?.forbidden_rois ?? []).map((zone, i) => ({
    name: zone.name ?? `roi_${i + 1}`,
    corners: toShares(zone.points, size),
  }));
}

function liveAddress(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/streams/api/v1/live`;
}

export const site = new Site();
