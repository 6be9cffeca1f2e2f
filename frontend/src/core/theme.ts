/** Colours and the panels that both elements have; a project changes them by the variables, parts and slots. */
import {css} from 'lit';

/**
 * The colours are on `.root` and not on the host: there `color-scheme` can follow `html[data-theme]`, which `light-dark()`
 * then goes by. The admin's own variables come after ours, so that the elements look like the page they are in.
 */
export const theme = css`
  :host {
    display: block;
    box-sizing: border-box;
    position: relative;
    height: var(--large-image-height, 480px);
    min-width: 0;
    contain: layout paint style;
    font: 14px/1.4 var(--large-image-font, var(--font-family-primary, system-ui, sans-serif));
  }
  :host([hidden]) {
    display: none;
  }
  :host(:fullscreen) {
    height: 100%;
    width: 100%;
  }
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  .root {
    --bg: var(--large-image-bg, var(--body-bg, light-dark(#ffffff, #16181d)));
    --fg: var(--large-image-fg, var(--body-fg, light-dark(#1d2129, #e8eaee)));
    --muted: var(--large-image-muted, color-mix(in srgb, var(--fg) 72%, var(--bg)));
    --line: var(--large-image-border, var(--border-color, light-dark(#d5d9e0, #343944)));
    --accent: var(--large-image-accent, light-dark(#1666b0, #7cb8f2));
    --hover: color-mix(in srgb, var(--fg) 9%, var(--bg));
    --canvas: var(--large-image-canvas, light-dark(#eef0f3, #0d0f12));
    --danger: var(--large-image-danger, light-dark(#b3261e, #ff9a8f));
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    overflow: hidden;
    color: var(--fg);
    background: var(--bg);
    border: var(--large-image-frame, 1px solid var(--line));
    border-radius: var(--large-image-radius, 8px);
  }
  :host(:fullscreen) .root {
    border: 0;
    border-radius: 0;
  }
  .root[data-theme='dark'] {
    color-scheme: dark;
  }
  .root[data-theme='light'] {
    color-scheme: light;
  }
  .root[data-theme='auto'] {
    color-scheme: light dark;
  }
  button,
  input,
  select {
    font: inherit;
    color: inherit;
  }
  button {
    cursor: pointer;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 32px;
    padding: 4px 12px;
    color: var(--fg);
    background: var(--bg);
    border: 1px solid var(--line);
    border-radius: 6px;
    text-decoration: none;
  }
  .button:hover:not(:disabled) {
    background: var(--hover);
  }
  .button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  .message {
    position: absolute;
    inset: 0;
    z-index: 20;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 10px;
    padding: 24px;
    text-align: center;
    background: var(--bg);
    overflow: auto;
  }
  .message h2 {
    margin: 0;
    font-size: 18px;
    font-weight: 600;
    line-height: 1.3;
    color: inherit;
    background: none;
    text-transform: none;
  }
  .message p {
    margin: 0;
    max-width: 60ch;
    color: var(--muted);
    overflow-wrap: anywhere;
  }
  .message .actions {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 8px;
    margin-top: 6px;
  }
  /* What is there at once needs no word of waiting. */
  .loading {
    animation: appear 0.2s 0.25s both;
  }
  .spinner {
    width: 28px;
    height: 28px;
    border: 3px solid var(--line);
    border-top-color: var(--accent);
    border-radius: 50%;
    animation: turn 0.9s linear infinite;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    padding: 0;
    border: 0;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .spinner {
      animation-duration: 4s;
    }
  }
`;
