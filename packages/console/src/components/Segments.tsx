import { useId } from "preact/hooks";

interface SegmentsProps<T extends string | number> {
  legend: string;
  options: readonly { readonly value: T; readonly label: string; readonly title?: string }[];
  value: T;
  onChange: (value: T) => void;
}

/** A choice of one of a few: radio buttons, so the arrow keys work. */
export function Segments<T extends string | number>({ legend, options, value, onChange }: SegmentsProps<T>) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="legend">{legend}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.title}>
          <input
            type="radio"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
