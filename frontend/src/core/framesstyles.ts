/** How the sliders of the frames look, below the picture of both elements. */
import {css} from 'lit';

export const framesStyles = css`
  .frames {
    display: flex;
    flex: none;
    align-items: center;
    gap: 4px 16px;
    padding: 4px 10px 4px 4px;
    border-top: 1px solid var(--line);
  }
  .playback {
    display: flex;
    flex: none;
    align-items: center;
    gap: 2px;
  }
  .playback select {
    margin-left: 4px;
    font-size: 12px;
  }
  .axes {
    display: flex;
    flex-wrap: wrap;
    flex: 1;
    gap: 0 20px;
    min-width: 0;
  }
  .axis {
    display: flex;
    flex: 1 1 240px;
    align-items: center;
    gap: 10px;
    min-width: 0;
    min-height: 32px;
    margin: 0;
    font-size: 13px;
  }
  .axis .name {
    flex: none;
    color: var(--muted);
  }
  .axis input {
    flex: 1;
    min-width: 60px;
  }
  .axis output {
    flex: none;
    max-width: 45%;
    overflow-wrap: anywhere;
    font-variant-numeric: tabular-nums;
  }
  .axis .of {
    color: var(--muted);
  }
  @container (width < 600px) {
    .frames {
      flex-direction: column;
      align-items: stretch;
      padding-left: 10px;
    }
    .playback {
      margin-left: -6px;
    }
  }
`;
