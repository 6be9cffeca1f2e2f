/* Send the form with a progress bar; without this script it is an ordinary form. */
const form = document.querySelector('#upload');
const bar = form.querySelector('progress');
const said = form.querySelector('output');
const box = form.querySelector('.progress');
const button = form.querySelector('button[type=submit]');

const size = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function say(errors) {
  for (const place of form.querySelectorAll('.errors')) {
    place.textContent = (errors[place.dataset.for] ?? []).join(' ');
    place.closest('.field').classList.toggle('wrong', place.textContent !== '');
  }
  said.textContent = (errors.__all__ ?? []).join(' ');
}

function send() {
  const request = new XMLHttpRequest();
  request.open('POST', form.action || location.href);
  request.setRequestHeader('Accept', 'application/json');
  request.responseType = 'json';
  request.upload.addEventListener('progress', (event) => {
    if (!event.lengthComputable) return;
    bar.value = event.loaded / event.total;
    said.textContent = event.loaded < event.total ? `${size(event.loaded)} of ${size(event.total)}` : 'Stored; one moment…';
  });
  request.addEventListener('load', () => {
    if (request.status === 201) {
      location.assign(request.response.address);
      return;
    }
    button.disabled = false;
    box.hidden = request.status === 400;
    say(request.response?.errors ?? {__all__: [`The server answered ${request.status}.`]});
  });
  request.addEventListener('error', () => {
    button.disabled = false;
    said.textContent = 'The server was not reached. Try again.';
  });
  say({});
  bar.value = 0;
  box.hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
}

// A file for S3 goes straight to the bucket: the field's own script sends it, shows how far it is, and leaves a key.
if (form.querySelector('input[type=file]') && !form.querySelector('[data-s3fileinput]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
}
