import { describe, expect, it } from 'vitest';
import { parseMessage } from './message';

const HEADER = {
  camera_id: 'gate-1',
  sequence: 7,
  captured_at: '2026-11-20T09:00:00Z',
  size: [640, 360],
  tracks: [{ track_id: 12, class_name: 'person', confidence: 0.8, bbox: [1, 2, 3, 4], in_zone: true, zone: 'Pit' }],
  detections_at: '2026-11-20T09:00:00Z',
};

function message(header: unknown, jpeg: number[], claimed?: number): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const whole = new Uint8Array(4 + text.length + jpeg.length);
  new DataView(whole.buffer).setUint32(0, claimed ?? text.length);
  whole.set(text, 4);
  whole.set(jpeg, 4 + text.length);
  return whole.buffer;
}

describe('a live message', () => {
  it('comes apart into header and picture', () => {
    const { header, jpeg } = parseMessage(message(HEADER, [0xff, 0xd8, 0xff, 0xd9]));
    expect(header).toEqual(HEADER);
    expect([...jpeg]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
  });

  it('may have names beyond ASCII, whose length is counted in bytes', () => {
    const { header, jpeg } = parseMessage(message({ ...HEADER, camera_id: 'cámara-ñ' }, [1]));
    expect(header.camera_id).toBe('cámara-ñ');
    expect([...jpeg]).toEqual([1]);
  });

  it('may come before the detector has looked', () => {
    const { header } = parseMessage(message({ camera_id: 'a', size: [2, 2] }, [1]));
    expect(header.tracks).toEqual([]);
    expect(header.detections_at).toBeNull();
  });

  it.each([
    ['nothing', new ArrayBuffer(0)],
    ['a cut length', new ArrayBuffer(3)],
    ['no picture', message(HEADER, [])],
    ['a length beyond its end', message(HEADER, [1], 1 << 30)],
    ['no camera', message({ size: [1, 1] }, [1])],
    ['an empty picture size', message({ camera_id: 'a', size: [0, 1] }, [1])],
    ['a header that is null', message(null, [1])],
  ])('is refused when it has %s', (_, bytes) => {
    expect(() => parseMessage(bytes)).toThrow();
  });

  it('loses a track without a box instead of the picture', () => {
    const broken = { ...HEADER, tracks: [{ track_id: 1, bbox: [1, 2] }, ...HEADER.tracks] };
    expect(parseMessage(message(broken, [1])).header.tracks).toEqual(HEADER.tracks);
  });
});
