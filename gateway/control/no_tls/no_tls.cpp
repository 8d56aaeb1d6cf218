// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stands in for the TLS library where libmicrohttpd is linked into the daemon. Debian builds
// libmicrohttpd for HTTPS, which Gatehouse never speaks, and the library behind that would cost a
// router more memory than all of Gatehouse. Starting and ending it does nothing here; whatever else
// is called means that somebody asked for HTTPS, and ends the program.
#include <cstdlib>

namespace {

[[noreturn]] void not_here() {
    std::abort();
}

}  // namespace

extern "C" {

int gnutls_global_init() {
    return 0;
}

void gnutls_global_deinit() {}

// How the library allocates, which libmicrohttpd asks for keys of its own.
// NOLINTBEGIN: the name and the type are those of the library
extern void* (*const gnutls_malloc)(std::size_t);
void* (*const gnutls_malloc)(std::size_t) = std::malloc;
// NOLINTEND

void gnutls_alpn_set_protocols() {
    not_here();
}
void gnutls_bye() {
    not_here();
}
void gnutls_certificate_allocate_credentials() {
    not_here();
}
void gnutls_certificate_free_credentials() {
    not_here();
}
void gnutls_certificate_server_set_request() {
    not_here();
}
void gnutls_certificate_set_dh_params() {
    not_here();
}
void gnutls_certificate_set_retrieve_function2() {
    not_here();
}
void gnutls_certificate_set_retrieve_function3() {
    not_here();
}
void gnutls_certificate_set_x509_key_mem() {
    not_here();
}
void gnutls_certificate_set_x509_key_mem2() {
    not_here();
}
void gnutls_certificate_set_x509_trust_mem() {
    not_here();
}
void gnutls_cipher_get() {
    not_here();
}
void gnutls_credentials_set() {
    not_here();
}
void gnutls_deinit() {
    not_here();
}
void gnutls_dh_params_deinit() {
    not_here();
}
void gnutls_dh_params_import_pkcs3() {
    not_here();
}
void gnutls_dh_params_init() {
    not_here();
}
void gnutls_handshake() {
    not_here();
}
void gnutls_init() {
    not_here();
}
void gnutls_priority_deinit() {
    not_here();
}
void gnutls_priority_init() {
    not_here();
}
void gnutls_priority_set() {
    not_here();
}
void gnutls_protocol_get_version() {
    not_here();
}
void gnutls_psk_allocate_server_credentials() {
    not_here();
}
void gnutls_psk_free_server_credentials() {
    not_here();
}
void gnutls_psk_set_server_credentials_function() {
    not_here();
}
void gnutls_record_check_pending() {
    not_here();
}
void gnutls_record_get_direction() {
    not_here();
}
void gnutls_record_recv() {
    not_here();
}
void gnutls_record_send() {
    not_here();
}
void gnutls_session_get_ptr() {
    not_here();
}
void gnutls_session_set_ptr() {
    not_here();
}
void gnutls_strerror() {
    not_here();
}
void gnutls_transport_set_int2() {
    not_here();
}

}  // extern "C"
