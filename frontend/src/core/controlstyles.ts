/** How the buttons, sliders and fields of both elements look. */
import {css} from 'lit';

export const controlStyles = css`
  .toolbar {
    display: flex;
    flex-wrap: wrap;
    flex: none;
    align-items: center;
    padding: 4px;
    border-bottom: 1px solid var(--line);
  }
  .group {
    display: flex;
    gap: 2px;
  }
  .group + .group {
    margin-left: 5px;
    padding-left: 5px;
    border-left: 1px solid var(--line);
  }
  .group:last-child:not(:first-child) {
    margin-left: auto;
    border-left: 0;
  }
  .tool {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    flex: none;
    width: 32px;
    height: 32px;
    margin: 0;
    padding: 0;
    color: var(--fg);
    background: none;
    border: 0;
    border-radius: 6px;
    transition: background 0.12s;
  }
  .tool:hover:not(:disabled) {
    background: var(--hover);
  }
  .tool:disabled {
    opacity: 0.38;
    cursor: default;
  }
  .tool[aria-expanded='true'] {
    color: var(--accent);
    background: color-mix(in srgb, var(--accent) 14%, var(--bg));
  }
  .icon {
    display: block;
    flex: none;
    width: 20px;
    height: 20px;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.5;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .icon .filled {
    fill: currentColor;
  }
  input[type='range'] {
    width: 100%;
    height: 20px;
    margin: 0;
    accent-color: var(--accent);
  }
  select {
    min-height: 30px;
    min-width: 0;
    padding: 2px 6px;
    background: var(--bg);
    border: 1px solid var(--line);
    border-radius: 6px;
  }
`;
