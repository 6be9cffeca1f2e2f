/** Attributes are texts; properties are what they mean. */
import {parseBaseLayers, type BaseLayer} from './basemaps.ts';

/** A number from 0; 0 for what is none. */
export const wholeNumber = {
  fromAttribute: (text: string | null): number => Math.max(0, Math.trunc(Number(text)) || 0),
  toAttribute: (value: number): string => String(value),
};

export const layerList = {
  fromAttribute: parseBaseLayers,
  toAttribute: (value: BaseLayer[]): string => JSON.stringify(value),
};

/** Return an object without what is undefined, so that it can be spread over another. */
export function defined<Values extends object>(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;
}
