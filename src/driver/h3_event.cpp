#include "driver/h3_event_mailbox.hpp"

namespace quasio::driver {

h3_event no_event() { return settings_told{}; }

}  // namespace quasio::driver
