// Links quasio's Asio ring as an outsider does.
#include <cstdio>
#include <quasio/asio.hpp>

int main() {
  quasio::asio::io_context context;
  bool ran = false;
  quasio::asio::post(context, [&ran] { ran = true; });
  context.run();
  if (!ran) return 1;
  std::puts("consumer_quasio: ok");
  return 0;
}
