// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls of the phone that are made, talked through and ended. Requests are sent again until they
// are answered, as phones do.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "tests/lab/support/lab.h"

namespace gatehouse::chaos {

using namespace gatehouse::lab;

class Calls {
  public:
    // The phone and the server that it calls have UDP port 5060 for themselves.
    explicit Calls(const House& house);

    // One call, in which each side hears every packet of the other for a second; `meanwhile` goes
    // on before the call ends. What went wrong, or "".
    std::string make_one(const std::string& outside_address,
                         const std::function<void()>& meanwhile);
    std::size_t made() const { return made_; }

  private:
    std::string request(std::string_view method, std::string_view body = {});
    // The server's answer with this body, when the request has got there and the answer back; what
    // got there.
    std::optional<std::string> answered(const std::string& request, std::string_view body) const;
    std::string talk(const std::string& outside_address, unsigned port) const;

    const House& house_;
    UdpSocket phone_, server_;
    UdpSocket sound_of_server_;
    std::size_t made_ = 0;
    unsigned number_ = 0;
};

}  // namespace gatehouse::chaos
