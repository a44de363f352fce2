"""Front end: from a model file to checked parameters, coded matrices and a tokenizer.

The way through, each step refusing what it cannot make sense of with one ModelError:

    checkpoint = read_gguf(path)          container   structure of the file, nothing converted
    parameters = read_llama(checkpoint)   llama       the model that the tensors make up
    matrix, report = read_matrix(tensor)  matrices    one stored matrix in coded form
    tokenizer = build_tokenizer(metadata) tokenizer   text to token ids and back
"""
