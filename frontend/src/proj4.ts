/** The calculation of coordinate systems that OpenLayers does not know; a bundle of its own, loaded where one is shown. */
export {default} from 'proj4';
