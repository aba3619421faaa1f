# What every executable needs under ThreadSanitizer.
# Boost.Asio's fences are what GCC cannot instrument and says so; its queues are locked all the same.
add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
add_link_options(-Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/hidden.map)
add_library(tsan_threads OBJECT ${CMAKE_CURRENT_LIST_DIR}/threads.cpp)
link_libraries(tsan_threads)
