/** Interleaved s16le of channels in [-1, 1]. */
export function s16le(channels: readonly Float32Array[]): Uint8Array {
  const frames = channels[0]?.length ?? 0;
  const data = Buffer.alloc(frames * channels.length * 2);
  for (let i = 0; i < frames; i++) {
    channels.forEach((channel, c) => {
      data.writeInt16LE(Math.round((channel[i] ?? 0) * 32767), 2 * (i * channels.length + c));
    });
  }
  return data;
}
