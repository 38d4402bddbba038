#pragma once
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <sys/time.h>

// amqp_login_with_properties is variadic, which Swift cannot call.
static inline amqp_rpc_reply_t sandmill_amqp_login(
    amqp_connection_state_t state, const char *virtual_host, int channel_max, int frame_max,
    int heartbeat, const amqp_table_t *client_properties, const char *user, const char *password) {
    return amqp_login_with_properties(
        state, virtual_host, channel_max, frame_max, heartbeat, client_properties,
        AMQP_SASL_METHOD_PLAIN, user, password);
}
