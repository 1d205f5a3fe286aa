/** Colours of a waveform, as CSS colours. */
export interface WaveformColours {
  readonly wave: string;
  readonly axis: string;
}

/** Draws peaks of 0 to 1, oldest at the left, mirrored about the middle, over the whole canvas. */
export function drawWaveform(
  canvas: HTMLCanvasElement,
  peaks: readonly number[],
  { wave, axis }: WaveformColours,
): void {
  const context = canvas.getContext("2d");
  if (context === null) {
    return;
  }
  fitToScreen(canvas);
  const { width, height } = canvas;
  const middle = Math.round(height / 2);
  const column = width / peaks.length;
  const bar = Math.max(1, column * 0.66);
  context.clearRect(0, 0, width, height);
  context.fillStyle = axis;
  context.fillRect(0, middle, width, Math.max(1, devicePixelRatio));
  context.fillStyle = wave;
  peaks.forEach((peak, index) => {
    const half = Math.sqrt(peak) * middle * 0.94;
    if (half >= 1) {
      context.fillRect(index * column, middle - half, bar, 2 * half);
    }
  });
}

/** As many pixels as the screen shows. */
function fitToScreen(canvas: HTMLCanvasElement): void {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
}
