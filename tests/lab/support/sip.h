// SPDX-License-Identifier: GPL-2.0-or-later
//
// SIP messages for tests that write and read them byte by byte.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::lab {

// Lines that end as SIP wants it.
std::string crlf(std::string_view text);
bool has(std::string_view text, std::string_view piece);
// The number behind a word; 0 where there is none.
unsigned number_after(std::string_view text, std::string_view word);
// Header lines and a body, with the Content-Length that belongs there.
std::string sip_message(std::string_view headers, std::string_view body = {},
                        std::string_view type = "application/sdp");
// A description with one audio stream.
std::string sdp(std::string_view address, unsigned port, std::string_view more = {});
// A request of the phone at this address, which listens there on port 5060.
std::string sip_request(std::string_view method, std::string_view address,
                        std::string_view transport, unsigned cseq, std::string_view body = {});
// The answer of a server that believes what the request says.
std::string sip_answer(std::string_view status, std::string_view request,
                       std::string_view body = {});

}  // namespace gatehouse::lab
