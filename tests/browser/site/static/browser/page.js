/* What a project that signs its users in by token has on its pages, and what the tests look at afterwards. */
window.authHeaders = async () => ({Authorization: 'Token only-for-tests'});
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
