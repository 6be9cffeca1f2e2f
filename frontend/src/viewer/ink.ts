/** The theme's colours for what is drawn on the map: a canvas knows no variables of CSS. */
export interface Ink {
  land: string;
  coast: string;
  grid: string;
  text: string;
  halo: string;
  accent: string;
}

const NAMES: Record<keyof Ink, string> = {
  land: '--land',
  coast: '--coast',
  grid: '--grid',
  text: '--fg',
  halo: '--bg',
  accent: '--accent',
};

/** Return the colours as they are now inside an element. */
export function inkOf(element: Element): Ink {
  const probe = document.createElement('span');
  probe.hidden = true;
  element.append(probe);
  const ink = Object.fromEntries(
    Object.entries(NAMES).map(([name, variable]) => {
      probe.style.color = `var(${variable})`;
      return [name, getComputedStyle(probe).color];
    }),
  ) as unknown as Ink;
  probe.remove();
  return ink;
}
