/** What keys do, above all while the map has the focus. */
import type {Picture} from './picture.ts';
import {motion} from './picture.ts';

export interface KeyTargets {
  picture: Picture | null;
  fit: (options: {duration: number}) => void;
  fullscreen: () => void;
  step: (by: number) => void;
  play: () => void;
  escape: () => boolean;
  enter: () => boolean;
}

/** The part of the map's side that an arrow moves it by, and the milliseconds that a movement takes. */
const PART = 0.25;
const TIME = 150;

/** Do what a key means where it was pressed: on the map everything, in a panel what ends something. */
export function pressed(event: KeyboardEvent, to: KeyTargets): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const {target} = event;
  const onMap = target instanceof Element && target.classList.contains('map');
  const ends = event.key === 'Escape' || (event.key === 'Enter' && !(target instanceof HTMLButtonElement));
  if ((onMap || ends) && act(event, to)) event.preventDefault();
}

function act(event: KeyboardEvent, to: KeyTargets): boolean {
  switch (event.key) {
    case 'ArrowLeft':
      return pan(to.picture, -1, 0);
    case 'ArrowRight':
      return pan(to.picture, 1, 0);
    case 'ArrowUp':
      return pan(to.picture, 0, 1);
    case 'ArrowDown':
      return pan(to.picture, 0, -1);
    case '+':
    case '=':
      return zoom(to.picture, 1);
    case '-':
    case '_':
      return zoom(to.picture, -1);
    case '0':
      to.fit({duration: 250});
      return true;
    case '[':
    case ',':
      to.step(-1);
      return true;
    case ']':
    case '.':
      to.step(1);
      return true;
    case ' ':
      to.play();
      return true;
    case 'f':
      to.fullscreen();
      return true;
    case 'Escape':
      return to.escape();
    case 'Enter':
      return to.enter();
    default:
      return false;
  }
}

function pan(picture: Picture | null, right: number, up: number): boolean {
  const size = picture?.map.getSize();
  const centre = picture?.view.getCenter();
  const resolution = picture?.view.getResolution();
  if (!picture || !size || !centre || !resolution) return true;
  const rotation = picture.view.getRotation();
  const x = right * PART * (size[0] ?? 0) * resolution;
  const y = up * PART * (size[1] ?? 0) * resolution;
  // Right and up are those of the screen, not those of a map that was turned.
  const to = [
    (centre[0] ?? 0) + x * Math.cos(rotation) - y * Math.sin(rotation),
    (centre[1] ?? 0) + x * Math.sin(rotation) + y * Math.cos(rotation),
  ];
  picture.view.animate({center: to, duration: motion(TIME)});
  return true;
}

/** Zoom by levels round the middle. */
export function zoom(picture: Picture | null, levels: number): boolean {
  picture?.view.animate({resolution: (picture.view.getResolution() ?? 1) / 2 ** levels, duration: motion(TIME)});
  return true;
}
