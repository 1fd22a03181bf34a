import type { LiveHeader } from '../api/types';

/** A message of the live stream: header and picture. */
export interface LivePicture {
  header: LiveHeader;
  jpeg: Uint8Array<ArrayBuffer>;
}

const MAX_HEADER_BYTES = 1 << 20;

/** Takes a binary message apart: `u32` header length (big endian), JSON header, JPEG. Throws when it is not one. */
export function parseMessage(message: ArrayBuffer): LivePicture {
  if (message.byteLength < 4) throw new Error('live message is too short');
  const length = new DataView(message).getUint32(0);
  if (length > MAX_HEADER_BYTES || 4 + length >= message.byteLength) {
    throw new Error('live message has a wrong header length');
  }
  const text = new TextDecoder().decode(new Uint8Array(message, 4, length));
  return { header: checked(JSON.parse(text)), jpeg: new Uint8Array(message, 4 + length) };
}

function checked(value: unknown): LiveHeader {
  const header = value as Partial<LiveHeader> | null;
  if (typeof header?.camera_id !== 'string') throw new Error('live header names no camera');
  const [width, height] = header.size ?? [];
  if (!isPositive(width) || !isPositive(height)) throw new Error('live header has no picture size');
  return {
    camera_id: header.camera_id,
    sequence: header.sequence ?? 0,
    captured_at: header.captured_at ?? '',
    size: [width, height],
    tracks: (header.tracks ?? []).filter((track) => Array.isArray(track.bbox) && track.bbox.length === 4),
    detections_at: header.detections_at ?? null,
  };
}

function isPositive(value: number | undefined): value is number {
  return typeof value === 'number' && value > 0;
}
