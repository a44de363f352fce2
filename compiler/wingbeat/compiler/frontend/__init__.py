"""Front end: from a model file to checked parameters, coded matrices and a tokenizer.

The way through; each step refuses what it cannot make sense of with one ModelError:

    checkpoint = read_gguf(path)                 container    structure checked, nothing converted
    parameters = read_llama(checkpoint)          llama        the model that the tensors make up
    tensor = to_half_split(tensor, heads)        rope_order   rows of a query or key projection
    matrix, report = read_matrix(tensor)         matrices     one stored matrix in coded form
    vector = read_vector(tensor)                 vectors      norm weights in FP32
    tokenizer = build_tokenizer(metadata)        tokenizer    text to token ids and back
    special = read_special_tokens(metadata)      vocabulary   ids that begin and end a text
"""
