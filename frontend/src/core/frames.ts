/** The frames of an image and the axes they lie along: z, t, c and whatever else the file has. */

/** What large-image's metadata says of frames. */
export interface FrameMetadata {
  frames?: Record<string, unknown>[] | number | false | null;
  IndexRange?: Record<string, number>;
  IndexStride?: Record<string, number>;
  channels?: string[];
  [values: `Value${string}`]: unknown;
}

export interface Axis {
  /** In lower case, as in `IndexZ`: z, t, c. */
  name: string;
  /** What a person reads. */
  label: string;
  size: number;
  /** What each position is called: a channel's name, a value with its unit, or the number from 1. */
  labels: string[];
}

export interface Frames {
  count: number;
  axes: Axis[];
  /** The position of each frame on each axis. */
  positions: number[][];
}

const LABELS: Record<string, string> = {c: 'Channel', z: 'Depth (z)', t: 'Time', xy: 'Position', s: 'Series'};

/** Return the frames of an image; one frame and no axis for an image without. */
export function framesOf(metadata: FrameMetadata): Frames {
  const listed = Array.isArray(metadata.frames) ? metadata.frames : null;
  const count = listed?.length ?? (typeof metadata.frames === 'number' ? Math.max(1, metadata.frames) : 1);
  const keys = Object.entries(metadata.IndexRange ?? {})
    .filter(([, size]) => size > 1)
    // The slowest first, as one thinks of them: time, then depth, then channel.
    .sort(([a], [b]) => (metadata.IndexStride?.[b] ?? 1) - (metadata.IndexStride?.[a] ?? 1));
  const positions = Array.from({length: count}, (_, frame) =>
    keys.map(([key, size]) => {
      const own = listed?.[frame]?.[key];
      return typeof own === 'number' ? own : Math.floor(frame / (metadata.IndexStride?.[key] ?? 1)) % size;
    }),
  );
  const axes = keys.map(([key, size], axis) => axisOf(key, size, axis, metadata, listed, positions));
  const places = new Set(positions.map((place) => place.join()));
  if (axes.length && places.size === count) return {count, axes, positions};
  // No axes, or ones on which several frames have one place: every frame is a place of its own.
  if (count === 1) return {count, axes: [], positions: [[]]};
  const labels = Array.from({length: count}, (_, frame) => nameOf(listed?.[frame]) ?? String(frame + 1));
  return {
    count,
    axes: [{name: 'frame', label: 'Frame', size: count, labels}],
    positions: labels.map((_, frame) => [frame]),
  };
}

function axisOf(
  key: string,
  size: number,
  axis: number,
  metadata: FrameMetadata,
  listed: Record<string, unknown>[] | null,
  positions: number[][],
): Axis {
  const name = key.replace(/^Index/, '').toLowerCase();
  const labels = Array.from({length: size}, (_, place) => {
    const frame = listed?.[positions.findIndex((all) => all[axis] === place)];
    if (name === 'c') return metadata.channels?.[place] ?? nameOf(frame) ?? String(place + 1);
    const value = frame?.[key.replace(/^Index/, 'Value')];
    return typeof value === 'number' || typeof value === 'string' ? String(value) : String(place + 1);
  });
  return {name, label: LABELS[name] ?? name.toUpperCase(), size, labels};
}

function nameOf(frame: Record<string, unknown> | undefined): string | undefined {
  const name = frame?.Channel ?? frame?.Name;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Return the frame at a position on each axis, or the nearest one: an axis may have gaps. */
export function frameAt(frames: Frames, position: number[]): number {
  let best = 0;
  let least = Infinity;
  frames.positions.forEach((place, frame) => {
    const away = place.reduce((sum, own, axis) => sum + Math.abs(own - (position[axis] ?? 0)), 0);
    if (away < least) [best, least] = [frame, away];
  });
  return best;
}

/** Return the frame one step on along an axis, starting anew at its end. */
export function nextFrame(frames: Frames, frame: number, axis: number, step = 1): number {
  const position = [...(frames.positions[frame] ?? [])];
  const size = frames.axes[axis]?.size ?? 1;
  position[axis] = ((position[axis] ?? 0) + step + size) % size;
  return frameAt(frames, position);
}
