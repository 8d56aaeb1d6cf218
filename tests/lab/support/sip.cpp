// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/sip.h"

#include "gateway/base/text.h"

namespace gatehouse::lab {

std::string crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n' && !out.ends_with('\r')) out += '\r';
        out += c;
    }
    return out;
}

bool has(std::string_view text, std::string_view piece) {
    return text.find(piece) != std::string_view::npos;
}

unsigned number_after(std::string_view text, std::string_view word) {
    const std::size_t at = text.find(word);
    if (at == std::string_view::npos) return 0;
    const std::string_view rest = text.substr(at + word.size());
    return parse_number<unsigned>(rest.substr(0, rest.find_first_not_of("0123456789"))).value_or(0);
}

std::string sip_message(std::string_view headers, std::string_view body, std::string_view type) {
    const std::string text = crlf(body);
    const std::string what = text.empty() ? std::string() : concat("Content-Type: ", type, "\n");
    return crlf(concat(headers, what, "Content-Length: ", text.size(), "\n\n")) + text;
}

std::string sdp(std::string_view address, unsigned port, std::string_view more) {
    return concat("v=0\no=a 1 1 IN IP4 ", address, "\ns=-\nc=IN IP4 ", address, "\nt=0 0\nm=audio ",
                  port, " RTP/AVP 8\n", more);
}

std::string sip_request(std::string_view method, std::string_view address,
                        std::string_view transport, unsigned cseq, std::string_view body) {
    return sip_message(
        concat(method, " sip:bob@11.0.0.2 SIP/2.0\nVia: SIP/2.0/", transport, " ", address,
               ":5060;branch=z9hG4bK", cseq, ";rport\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>\n",
               "Call-ID: ", address, "\nCSeq: ", cseq, " ", method, "\nContact: <sip:a@", address,
               ":5060>\n"),
        body);
}

std::string sip_answer(std::string_view status, std::string_view request, std::string_view body) {
    const std::size_t via = request.find("Via:");
    if (via == std::string_view::npos) return {};
    const std::size_t end = request.find("Content-", via);
    return sip_message(concat("SIP/2.0 ", status, "\n", request.substr(via, end - via)), body);
}

}  // namespace gatehouse::lab
