/** How the globe looks, besides what both elements share. */
import {css, unsafeCSS} from 'lit';
import widget from '@cesium/engine/Source/Widget/CesiumWidget.css';

export const globeStyles = [
  unsafeCSS(widget),
  css`
    .globe {
      position: relative;
      flex: 1;
      min-height: 0;
      background: #000;
    }
    .globe > .scene,
    .scene .cesium-widget,
    .scene canvas {
      position: absolute;
      inset: 0;
      width: 100%;
      height: 100%;
    }
    .scene:focus-visible {
      outline: 2px solid var(--accent);
      outline-offset: -2px;
    }
    .scene canvas {
      touch-action: none;
    }
    .cesium-widget-credits {
      position: absolute;
      inset: auto 4px 2px auto;
      font-size: 11px;
      color: #fff;
      text-shadow: 0 0 2px #000;
    }
    .cesium-widget-credits a {
      color: #fff;
    }
    .tool[aria-pressed='true'] {
      color: var(--bg);
      background: var(--accent);
    }
    .bar {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 4px 16px;
      padding: 6px 10px;
      border-top: 1px solid var(--line);
      font-size: 13px;
    }
    .bar label {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      min-width: 0;
    }
    .bar input[type='range'] {
      width: 110px;
    }
    .bar select {
      max-width: 180px;
    }
    .bar .place {
      margin-left: auto;
      color: var(--muted);
      font-variant-numeric: tabular-nums;
    }
    .notice {
      position: absolute;
      inset: auto 8px 24px 8px;
      margin: auto;
      width: fit-content;
      max-width: calc(100% - 16px);
      display: flex;
      align-items: center;
      gap: 10px;
      padding: 6px 10px;
      background: var(--bg);
      border: 1px solid var(--line);
      border-radius: 6px;
    }
  `,
];
