// On a phone the answer lies below the controls: bring it into view when it comes.
watch('value', () => {
  if (window.innerWidth > 700 || !element.querySelector('.fo-results')) return;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: still ? 'auto' : 'smooth', block: 'start' });
});
