/** What the parts of the viewer know of it, and it of them. */
import type {ReactiveControllerHost} from 'lit';
import type {Frames} from '../core/frames.ts';
import type {Look} from '../core/image.ts';
import type {Ink} from './ink.ts';
import type {Picture} from './picture.ts';

export type PanelName = 'display' | 'measure' | 'download' | 'metadata';

export interface Host extends ReactiveControllerHost {
  readonly renderRoot: ParentNode & Node;
  /** The map; null while there is nothing to see. */
  readonly picture: Picture | null;
  readonly frames: Frames;
  readonly look: Look;
  /** The theme's colours. */
  readonly ink: Ink;
  frame: number;
  has(control: string): boolean;
  send(name: string, detail: unknown): void;
}

/** A part that lives as long as one map. */
export interface Tool {
  open(picture: Picture): void;
  close(): void;
}
