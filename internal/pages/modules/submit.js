// The answer of an authorization request travels as a form (OAuth 2.0 Form Post Response Mode). Without this script the
// button does the same.
document.getElementById('post').submit();
