/** How the viewer looks; colours come from the theme. */
import {css} from 'lit';

export const layout = css`
  .root {
    --land: var(--large-image-land, light-dark(#dfe3e8, #23272f));
    --coast: var(--large-image-coast, light-dark(#b7bec8, #3d4450));
    --grid: var(--large-image-grid, light-dark(rgb(40 60 90 / 0.35), rgb(200 215 240 / 0.35)));
    container-type: size;
  }
  .needle {
    display: block;
  }
  .middle {
    display: flex;
    flex: 1;
    min-height: 0;
  }
  .stage {
    position: relative;
    flex: 1;
    min-width: 0;
    background: var(--canvas);
  }
  .map {
    position: absolute;
    inset: 0;
    touch-action: none;
  }
  ::slotted([slot='poster']) {
    position: absolute;
    inset: 12px;
    box-sizing: border-box;
    width: calc(100% - 24px);
    height: calc(100% - 24px);
    object-fit: contain;
    pointer-events: none;
  }
  .map:focus-visible {
    outline-offset: -2px;
  }
  .map.measuring,
  .map.drawing {
    cursor: crosshair;
  }
  .map .ol-attribution {
    position: absolute;
    right: 0;
    bottom: 0;
    max-width: 80%;
    padding: 1px 6px;
    font-size: 11px;
    color: var(--fg);
    background: color-mix(in srgb, var(--bg) 82%, transparent);
    border-radius: 4px 0 0 0;
  }
  .map .ol-attribution button {
    display: none;
  }
  .map .ol-attribution ul {
    margin: 0;
    padding: 0;
    color: inherit;
    text-shadow: none;
    list-style: none;
  }
  .map .ol-attribution a {
    color: inherit;
  }
  .drag-box {
    border: 2px dashed var(--accent);
    background: color-mix(in srgb, var(--accent) 15%, transparent);
  }
  canvas.overview {
    position: absolute;
    left: 10px;
    bottom: 10px;
    z-index: 2;
    display: block;
    background: var(--canvas);
    border: 1px solid var(--line);
    border-radius: 5px;
    box-shadow: 0 1px 6px rgb(0 0 0 / 0.25);
    cursor: pointer;
    touch-action: none;
  }
  .notice {
    position: absolute;
    top: 10px;
    left: 50%;
    z-index: 4;
    display: flex;
    align-items: center;
    gap: 8px;
    width: max-content;
    max-width: calc(100% - 20px);
    padding: 6px 6px 6px 12px;
    background: var(--bg);
    border: 1px solid var(--line);
    border-left: 3px solid var(--danger);
    border-radius: 6px;
    box-shadow: 0 2px 8px rgb(0 0 0 / 0.2);
    translate: -50%;
  }
  .notice .icon {
    color: var(--danger);
  }
  .notice .tool .icon {
    color: inherit;
  }
  .notice p {
    margin: 0;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    flex: none;
    gap: 4px 20px;
    margin: 0;
    padding: 6px 10px;
    border-top: 1px solid var(--line);
    list-style: none;
    font-variant-numeric: tabular-nums;
  }
  .legend li {
    display: flex;
    align-items: center;
    gap: 8px;
    margin: 0;
    min-width: 0;
    list-style: none;
    font-size: 13px;
  }
  .legend .name {
    font-weight: 600;
  }
  .ramp {
    display: block;
    width: 140px;
    height: 10px;
    border-radius: 2px;
    box-shadow: 0 0 0 1px var(--line);
  }
  .status {
    display: flex;
    flex: none;
    align-items: center;
    gap: 4px 16px;
    min-height: 28px;
    padding: 3px 10px;
    border-top: 1px solid var(--line);
    font-size: 12px;
    font-variant-numeric: tabular-nums;
  }
  .readout {
    display: flex;
    flex-wrap: wrap;
    flex: 1;
    gap: 0 16px;
    min-width: 0;
  }
  .values {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
  }
  .value .name {
    color: var(--muted);
  }
  .scale {
    display: flex;
    flex: none;
    flex-direction: column;
    align-items: center;
    margin-left: auto;
    line-height: 1.2;
    white-space: nowrap;
  }
  .scale .bar {
    display: block;
    height: 5px;
    border: 1.5px solid currentColor;
    border-top: 0;
  }
  @container (width < 600px) {
    .root .middle {
      flex-direction: column;
    }
    .status {
      min-height: 44px;
    }
    .readout {
      flex-direction: column;
      align-self: stretch;
    }
    .values {
      min-height: 17px;
    }
  }
  @container (width < 400px) {
    .group + .group {
      margin-left: 2px;
      padding-left: 3px;
    }
    .group {
      gap: 0;
    }
  }
`;
