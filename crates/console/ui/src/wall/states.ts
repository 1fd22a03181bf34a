import type { Camera } from '../api/types';

/** How a camera is doing, in words for the operator. */
export interface Condition {
  tone: 'ok' | 'warn' | 'alarm' | 'off';
  name: string;
  /** What the operator can do about it; empty when there is nothing to do. */
  advice: string;
}

/** A camera that streams but of which no picture arrived here for so long is said to be without picture. */
export const PICTURE_PATIENCE_MS = 6000;

export function condition(camera: Camera): Condition {
  switch (camera.state) {
    case 'streaming':
      return { tone: 'ok', name: 'Live', advice: '' };
    case 'starting':
      return { tone: 'warn', name: 'Starting', advice: '' };
    case 'reconnecting':
      return { tone: 'warn', name: 'Connection lost', advice: 'It is tried again all the time. If it stays like this, check the power and network of the camera.' };
    case 'failed':
      return { tone: 'alarm', name: 'Not working', advice: 'Check the power and network of the camera, then its address and password in cameras.yaml.' };
    case 'invalid':
      return { tone: 'alarm', name: 'Wrongly configured', advice: 'Correct the entry in cameras.yaml; the change takes effect at once.' };
    case 'disabled':
      return { tone: 'off', name: 'Switched off', advice: '' };
  }
}
