#pragma once
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: one function for
// each type of their third argument.

// For CURLOPTTYPE_LONG and CURLOPTTYPE_VALUES options.
static inline CURLcode sandmill_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

// For CURLOPTTYPE_OFF_T options.
static inline CURLcode sandmill_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

// For CURLOPTTYPE_STRINGPOINT options: libcurl copies the string.
static inline CURLcode sandmill_curl_set_string(
    CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

// For CURLOPTTYPE_OBJECTPOINT and CURLOPTTYPE_CBPOINT options: libcurl keeps the pointer.
static inline CURLcode sandmill_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

// For CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION and CURLOPT_READFUNCTION, which are of one type.
static inline CURLcode sandmill_curl_set_write_function(
    CURL *easy, CURLoption option, curl_write_callback value) {
    return curl_easy_setopt(easy, option, value);
}

// For CURLINFO_LONG informations.
static inline CURLcode sandmill_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

// For CURLINFO_SOCKET informations.
static inline CURLcode sandmill_curl_get_socket(CURL *easy, CURLINFO info, curl_socket_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

// For CURLINFO_PRIVATE.
static inline CURLcode sandmill_curl_get_pointer(CURL *easy, CURLINFO info, char **value) {
    return curl_easy_getinfo(easy, info, value);
}
