/** How the panels beside the map look. */
import {css} from 'lit';

export const panelStyles = css`
  .panel {
    display: flex;
    flex: none;
    flex-direction: column;
    width: min(300px, 50%);
    background: var(--bg);
    border-left: 1px solid var(--line);
  }
  .panel header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    padding: 4px 4px 4px 12px;
    /* Pages style all their headers. */
    color: inherit;
    background: none;
  }
  .panel h2 {
    margin: 0;
    padding: 0;
    font-size: 14px;
    font-weight: 600;
    color: inherit;
    background: none;
  }
  .panel .content {
    flex: 1;
    min-height: 0;
    padding: 4px 12px 12px;
    overflow: auto;
  }
  .field {
    display: flex;
    flex-direction: column;
    gap: 4px;
    margin: 0 0 12px;
    font-size: 13px;
  }
  .field > span {
    display: flex;
    justify-content: space-between;
    color: var(--muted);
  }
  .field .number {
    color: var(--fg);
    font-variant-numeric: tabular-nums;
  }
  .check {
    display: flex;
    align-items: center;
    gap: 8px;
    margin: 0 0 8px;
    min-height: 24px;
    font-size: 13px;
  }
  .check input {
    width: 16px;
    height: 16px;
    margin: 0;
    accent-color: var(--accent);
  }
  .choices {
    display: flex;
    gap: 6px;
    margin-bottom: 10px;
  }
  .choices .button {
    flex: 1;
  }
  .button[aria-pressed='true'] {
    color: var(--accent);
    border-color: currentColor;
    background: color-mix(in srgb, var(--accent) 12%, var(--bg));
  }
  .button.primary {
    width: 100%;
    color: var(--bg);
    background: var(--accent);
    border-color: transparent;
  }
  .button.primary:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 86%, var(--fg));
  }
  .hint {
    margin: 0 0 10px;
    font-size: 13px;
    color: var(--muted);
  }
  .result {
    margin: 8px 0;
    min-height: 20px;
    font-size: 13px;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .result.bad {
    color: var(--danger);
  }
  .results {
    margin: 0 0 10px;
    padding: 0;
    list-style: none;
    font-variant-numeric: tabular-nums;
  }
  .results li {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 3px 0;
    list-style: none;
  }
  table {
    width: 100%;
    margin: 0 0 12px;
    border-collapse: collapse;
    font-size: 13px;
  }
  th,
  td {
    padding: 4px 8px 4px 0;
    text-align: left;
    vertical-align: top;
    font-weight: 400;
    color: inherit;
    background: none;
    border: 0;
    border-bottom: 1px solid var(--line);
    overflow-wrap: anywhere;
  }
  .facts th {
    width: 38%;
    color: var(--muted);
  }
  .bands th:not(:first-child),
  .bands td {
    text-align: right;
    padding-right: 0;
    padding-left: 8px;
    overflow-wrap: normal;
    font-variant-numeric: tabular-nums;
  }
  .bands thead th {
    color: var(--muted);
  }
  .scrolled {
    overflow-x: auto;
  }
  summary {
    cursor: pointer;
    font-size: 13px;
  }
  pre {
    margin: 8px 0 0;
    padding: 8px;
    max-height: 260px;
    font-size: 11px;
    color: inherit;
    background: var(--hover);
    border-radius: 6px;
    overflow: auto;
  }
  @container (width < 600px) {
    .panel {
      width: auto;
      max-height: 55%;
      border-left: 0;
      border-top: 1px solid var(--line);
    }
  }
`;
