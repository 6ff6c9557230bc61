# tapelake_embed_assets(TARGET FUNCTION FOLDER): a library TARGET, built only where it is linked, that
# holds the web files of FOLDER and defines `const tapelake::serve::AssetTable& FUNCTION()`. The
# build fails, and says what to do, while FOLDER holds no page.
function(tapelake_embed_assets target function folder)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target})
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*)
  add_custom_command(
    OUTPUT ${out}/${function}.cc
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/embed_assets.py
            --folder ${folder} --out ${out} --name ${function}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/embed_assets.py ${files}
    COMMENT "Embedding ${folder}"
    VERBATIM)
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${out}/${function}.cc)
  # The bytes stand in files that a compiler cache does not look at.
  set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "")
  set_property(SOURCE ${out}/${function}.cc PROPERTY OBJECT_DEPENDS "${files}")
  target_link_libraries(${target} PUBLIC tapelake_serve)
endfunction()
