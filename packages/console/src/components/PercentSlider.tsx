interface PercentSliderProps {
  /** Names it to those who do not see it. */
  label: string;
  /** 0 to 1. */
  value: number;
  /** While it is moved. */
  onInput: (value: number) => void;
  /** Once it is let go. */
  onChange?: (value: number) => void;
}

/** Sets a loudness between nothing and the sound as it is. */
export function PercentSlider({ label, value, onInput, onChange }: PercentSliderProps) {
  const percent = Math.round(value * 100);
  return (
    <input
      type="range"
      min="0"
      max="100"
      value={percent}
      style={{ "--fill": `${percent}%` }}
      aria-label={label}
      aria-valuetext={`${percent} %`}
      onInput={({ currentTarget }) => onInput(Number(currentTarget.value) / 100)}
      onChange={({ currentTarget }) => onChange?.(Number(currentTarget.value) / 100)}
    />
  );
}
