/* The button of an inline's row shows the viewer in place of the small picture, and takes it away again. */
document.addEventListener('click', (event) => {
  const button = event.target instanceof Element && event.target.closest('.large-image-lazy > button');
  if (!button) return;
  const place = button.parentElement;
  const shown = place.querySelector(':scope > large-image-viewer');
  if (shown) shown.remove();
  else place.append(place.querySelector('template').content.cloneNode(true));
  place.classList.toggle('large-image-open', !shown);
  button.setAttribute('aria-expanded', String(!shown));
  [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
});
